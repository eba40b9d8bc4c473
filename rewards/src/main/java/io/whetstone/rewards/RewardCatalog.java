package io.whetstone.rewards;

import io.whetstone.datasets.settings.Names;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The rewards that can be had: the built-in ones, those on the class path, and those in the jars of
 * a plugin directory.
 *
 * <p>The jars of a directory share one class loader above the application's, so that a plugin may
 * come with the jars it needs.
 */
public final class RewardCatalog implements RewardSource, AutoCloseable {

  private static final Pattern NAME = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");

  private final Map<String, RewardProvider> providers = new TreeMap<>();
  private final URLClassLoader plugins;

  private RewardCatalog(URLClassLoader plugins, ClassLoader loader) {
    this.plugins = plugins;
    load(loader);
  }

  /** What the class path has. */
  public static RewardCatalog ofClassPath() {
    return new RewardCatalog(null, RewardCatalog.class.getClassLoader());
  }

  /** What the class path has, and the plugin directory where there is one. */
  public static RewardCatalog of(Optional<Path> pluginDirectory) {
    return pluginDirectory.map(RewardCatalog::of).orElseGet(RewardCatalog::ofClassPath);
  }

  /**
   * What the class path and the jars of a directory have.
   *
   * @throws RewardPluginException if there is no such directory or no jar in it, or if a jar or a
   *     provider is broken
   */
  public static RewardCatalog of(Path pluginDirectory) {
    List<URL> jars = new ArrayList<>();
    for (Path jar : jars(pluginDirectory)) {
      jars.add(checked(jar));
    }
    if (jars.isEmpty()) {
      throw new RewardPluginException(pluginDirectory + ": holds no jar; expected at least one");
    }
    URLClassLoader loader =
        new URLClassLoader(
            "reward-plugins", jars.toArray(URL[]::new), RewardCatalog.class.getClassLoader());
    try {
      return new RewardCatalog(loader, loader);
    } catch (RewardPluginException e) {
      try {
        loader.close();
      } catch (IOException closing) {
        e.addSuppressed(closing);
      }
      throw e;
    }
  }

  private static List<Path> jars(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      // Sorted, so that the same directory loads the same way on every file system.
      return files.filter(file -> file.toString().endsWith(".jar")).sorted().toList();
    } catch (IOException e) {
      String why =
          Files.isDirectory(directory)
              ? "cannot be read (" + e + ")"
              : "is not a directory; expected one with jars of reward plugins";
      throw new RewardPluginException(directory + ": " + why, e);
    }
  }

  /** A class loader passes over a broken jar in silence, so it is opened here first. */
  private static URL checked(Path jar) {
    try (JarFile file = new JarFile(jar.toFile())) {
      file.stream().forEach(entry -> {});
      return jar.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new RewardPluginException(
          jar + ": is not a readable jar (" + e.getMessage() + "); build it again or remove it", e);
    }
  }

  private void load(ClassLoader loader) {
    try {
      for (RewardProvider provider : ServiceLoader.load(RewardProvider.class, loader)) {
        add(provider);
      }
    } catch (ServiceConfigurationError | LinkageError e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new RewardPluginException(
          "reward plugins: "
              + e.getMessage()
              + (cause == e ? "" : " (" + cause + ")")
              + "; mend the jar or take it away",
          e);
    }
  }

  private void add(RewardProvider provider) {
    String name = provider.name();
    if (name == null || !NAME.matcher(name).matches()) {
      throw new RewardPluginException(
          "%s: name: %s is not kebab-case, such as answer-length"
              .formatted(origin(provider), name));
    }
    RewardProvider before = providers.putIfAbsent(name, provider);
    if (before != null) {
      throw new RewardPluginException(
          "reward \"%s\": is provided by both %s and %s; expected one"
              .formatted(name, origin(before), origin(provider)));
    }
  }

  private static String origin(RewardProvider provider) {
    var source = provider.getClass().getProtectionDomain().getCodeSource();
    return provider.getClass().getName()
        + (source == null ? "" : " in " + source.getLocation().getPath());
  }

  /**
   * Adds a reward that whoever composes the program makes, since it needs what no class path has.
   */
  public RewardCatalog with(RewardProvider provider) {
    add(provider);
    return this;
  }

  /** The names that {@link #create} knows, in order. */
  public Collection<String> names() {
    return List.copyOf(providers.keySet());
  }

  /**
   * Makes a reward.
   *
   * @throws IllegalArgumentException if the name or a setting is unknown or impossible; {@code
   *     accuracy.tolerance: -1 is not …}
   * @throws RewardPluginException if the provider itself fails
   */
  @Override
  public Reward create(String name, Map<String, Object> settings) {
    return create(name, name, settings);
  }

  /**
   * Makes a reward that is called something else.
   *
   * @param called how complaints call it
   */
  public Reward create(String called, String name, Map<String, Object> settings) {
    RewardProvider provider = providers.get(name);
    if (provider == null) {
      throw new IllegalArgumentException(
          "reward \"" + name + "\" " + Names.unknown(name, providers.keySet()));
    }
    ClassLoader loader = provider.getClass().getClassLoader();
    Reward reward;
    try (PluginReward.Within _ = new PluginReward.Within(loader)) {
      reward = provider.create(settings, this);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(complaint(called, e.getMessage()), e);
    } catch (RuntimeException | LinkageError e) {
      throw new RewardPluginException(
          "reward \"" + called + "\": " + origin(provider) + " failed: " + e, e);
    }
    if (reward == null) {
      throw new RewardPluginException(
          "reward \"" + called + "\": " + origin(provider) + " made null; expected a reward");
    }
    return loader == plugins ? new PluginReward(reward, loader) : reward;
  }

  /** A complaint that names a key belongs to that key, another one to the reward. */
  private static String complaint(String called, String message) {
    return called + (message.matches("(?s)[a-z][a-z0-9.\\[\\]-]*: .*") ? "." : ": ") + message;
  }

  /** Closes the plugins' jars; their rewards must not be used after that. */
  @Override
  public void close() throws IOException {
    if (plugins != null) {
      plugins.close();
    }
  }
}
