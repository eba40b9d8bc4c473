package io.whetstone.cuda.driver;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where libraries are looked for: directories in their order, and where among them the system's
 * loader is asked.
 *
 * @param before directories that come before the loader's path
 * @param loader whether the loader's path is looked at, too
 * @param after directories that come after it
 */
record SearchPath(List<Path> before, boolean loader, List<Path> after) {
  private static final List<String> PYTHON_PACKAGES = List.of("site-packages", "dist-packages");

  /** Where Maven's profile cuda-libraries unpacks them, in the home directory. */
  private static final Path UNPACKED = Path.of(".cache", "whetstone", "cuda");

  /**
   * Of directories that were said, and nothing else.
   *
   * @param directories as in a class path
   */
  static SearchPath only(String directories) {
    List<Path> paths = new ArrayList<>();
    for (String directory : directories.split(File.pathSeparator)) {
      if (!directory.isBlank()) {
        paths.add(Path.of(directory));
      }
    }
    return new SearchPath(paths, false, List.of());
  }

  /** The usual places, given the environment's variables and the root of the file system. */
  static SearchPath usual(Map<String, String> environment, Path root) {
    List<Path> before = new ArrayList<>();
    for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
      if (!environment.getOrDefault(variable, "").isBlank()) {
        Path home = Path.of(environment.get(variable));
        before.add(home.resolve("lib64"));
        before.add(home.resolve("lib"));
      }
    }
    List<Path> after = new ArrayList<>();
    for (Path toolkit : matching(root.resolve("usr/local"), "cuda*")) {
      after.add(toolkit.resolve("lib64"));
    }
    for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      if (!environment.getOrDefault(variable, "").isBlank()) {
        Path prefix = Path.of(environment.get(variable));
        after.add(prefix.resolve("lib"));
        addPython(after, prefix.resolve("lib"));
      }
    }
    if (!environment.getOrDefault("HOME", "").isBlank()) {
      addPython(after, Path.of(environment.get("HOME"), ".local", "lib"));
    }
    addPython(after, root.resolve("usr/local/lib"));
    addPython(after, root.resolve("usr/lib"));
    if (!environment.getOrDefault("HOME", "").isBlank()) {
      after.add(Path.of(environment.get("HOME")).resolve(UNPACKED));
    }
    return new SearchPath(List.copyOf(before), true, List.copyOf(after));
  }

  /** pip's nvidia/cu13/lib and nvidia/…/lib of every Python below. */
  private static void addPython(List<Path> to, Path lib) {
    for (Path python : matching(lib, "python3*")) {
      for (String packages : PYTHON_PACKAGES) {
        for (Path product : matching(python.resolve(packages).resolve("nvidia"), "*")) {
          Path directory = product.resolve("lib");
          if (Files.isDirectory(directory)) {
            to.add(directory);
          }
        }
      }
    }
  }

  /** What lies in a directory under such a name, the names falling: newer versions first. */
  private static List<Path> matching(Path directory, String glob) {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, glob)) {
      entries.forEach(found::add);
    } catch (IOException e) {
      return List.of();
    }
    found.sort(Comparator.comparing(Path::toString).reversed());
    return found;
  }

  /** With more directories at the end. */
  SearchPath and(boolean askLoader, List<Path> more) {
    List<Path> all = new ArrayList<>(after);
    all.addAll(more);
    return new SearchPath(before, loader || askLoader, all);
  }

  /**
   * The first library that lies somewhere under one of these names and can be loaded.
   *
   * @param names the preferred one first
   * @param failures what could not be loaded is added, with the reason
   */
  Optional<NativeLibrary> load(List<String> names, List<String> failures) {
    return inDirectories(before, names, failures)
        .or(() -> loader ? fromLoader(names) : Optional.empty())
        .or(() -> inDirectories(after, names, failures));
  }

  private static Optional<NativeLibrary> inDirectories(
      List<Path> directories, List<String> names, List<String> failures) {
    for (Path directory : directories) {
      for (String name : names) {
        Path file = directory.resolve(name);
        if (Files.isRegularFile(file)) {
          try {
            loadBesides(directory, name);
            return Optional.of(
                new NativeLibrary(
                    file.toString(), SymbolLookup.libraryLookup(file, Arena.global())));
          } catch (IllegalArgumentException e) {
            failures.add(file + " cannot be loaded: " + e.getMessage());
          }
        }
      }
    }
    return Optional.empty();
  }

  /** The compiler opens a library beside it by name, which it then finds loaded. */
  private static void loadBesides(Path directory, String name) {
    if (name.startsWith("libnvrtc.")) {
      for (Path builtins : matching(directory, "libnvrtc-builtins.so*")) {
        SymbolLookup.libraryLookup(builtins, Arena.global());
      }
    }
  }

  private static Optional<NativeLibrary> fromLoader(List<String> names) {
    for (String name : names) {
      try {
        return Optional.of(
            new NativeLibrary(name, SymbolLookup.libraryLookup(name, Arena.global())));
      } catch (IllegalArgumentException e) {
        // Not there: the next name.
      }
    }
    return Optional.empty();
  }

  /** For people: where it was looked. */
  @Override
  public String toString() {
    List<String> places = new ArrayList<>();
    before.forEach(directory -> places.add(directory.toString()));
    if (loader) {
      places.add("the loader's path (LD_LIBRARY_PATH, /etc/ld.so.conf)");
    }
    after.forEach(directory -> places.add(directory.toString()));
    return places.isEmpty() ? "nowhere" : String.join(", ", places);
  }
}
