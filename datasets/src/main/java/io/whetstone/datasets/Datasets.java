package io.whetstone.datasets;

import io.whetstone.datasets.countdown.CountdownSettings;
import io.whetstone.datasets.countdown.CountdownTasks;
import io.whetstone.datasets.settings.Names;
import io.whetstone.datasets.settings.Settings;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Makes datasets from what a configuration says. */
public final class Datasets {

  private static final List<String> SYNTHETIC = List.of("sums", "chains", "products", "countdown");

  private Datasets() {}

  /**
   * A generator by its name: {@code {sums: {numbers: [3, 5], values: [1, 99]}}}.
   *
   * @throws IllegalArgumentException if the name or a setting is unknown or impossible
   */
  public static Dataset synthetic(Map<String, Object> generator, long seed) {
    if (generator.size() != 1) {
      throw new IllegalArgumentException(
          "synthetic: " + generator.keySet() + " is not exactly one of " + SYNTHETIC);
    }
    String name = generator.keySet().iterator().next();
    if (!SYNTHETIC.contains(name)) {
      throw new IllegalArgumentException(
          "synthetic." + name + ": " + Names.unknown(name, SYNTHETIC));
    }
    Map<String, Object> settings = settings(name, generator.get(name));
    return switch (name) {
      case "sums" -> SyntheticTasks.sums(Settings.read(settings, SumsSettings.class, name), seed);
      case "chains" ->
          SyntheticTasks.chains(Settings.read(settings, ChainsSettings.class, name), seed);
      case "countdown" ->
          new CountdownTasks(Settings.read(settings, CountdownSettings.class, name), seed);
      default ->
          SyntheticTasks.products(Settings.read(settings, ProductsSettings.class, name), seed);
    };
  }

  /** The names of the generators. */
  public static List<String> syntheticNames() {
    return SYNTHETIC;
  }

  /**
   * A JSONL file.
   *
   * @param settings the keys of {@link JsonlSettings}
   * @param directory what a relative path starts from
   * @throws IllegalArgumentException if a setting is unknown or impossible
   * @throws DatasetException if the file cannot be read or holds a bad line
   */
  public static Dataset jsonl(Map<String, Object> settings, Path directory, long seed) {
    return RowDataset.open(Settings.read(settings, JsonlSettings.class, "jsonl"), directory, seed);
  }

  @SuppressWarnings("unchecked") // Settings checks the keys
  private static Map<String, Object> settings(String name, Object given) {
    if (given == null) {
      return Map.of();
    }
    if (!(given instanceof Map<?, ?> map)) {
      throw new IllegalArgumentException(
          "synthetic." + name + ": " + given + " is not keys with values");
    }
    return (Map<String, Object>) map;
  }
}
