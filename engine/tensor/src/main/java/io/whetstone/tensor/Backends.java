package io.whetstone.tensor;

import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** Finds and opens backends on the class path. */
public final class Backends {
  private Backends() {}

  /** Every provider on the class path, usable here or not. */
  public static List<BackendProvider> all() {
    return ServiceLoader.load(BackendProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .toList();
  }

  /**
   * Opens the named backend.
   *
   * @throws IllegalArgumentException when there is none of that name, naming those there are, or it
   *     cannot run here, saying why
   */
  public static Backend open(String name, int threads) {
    List<BackendProvider> providers = all();
    BackendProvider provider =
        providers.stream()
            .filter(p -> p.name().equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "backend: "
                            + name
                            + " is not on the class path; there is "
                            + names(providers)
                            + ". One that is a module by itself (engine/nd4j) is added by"
                            + " scripts/whetstone where the command line or the configuration names"
                            + " it; elsewhere add its jar and those it needs"));
    provider
        .unavailable()
        .ifPresent(
            why -> {
              throw new IllegalArgumentException("backend: " + name + " cannot run here: " + why);
            });
    return provider.open(threads);
  }

  private static String names(List<BackendProvider> providers) {
    return providers.isEmpty()
        ? "none"
        : providers.stream().map(BackendProvider::name).collect(Collectors.joining(", "));
  }
}
