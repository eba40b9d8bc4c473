package io.whetstone.cuda;

import io.whetstone.cuda.driver.Driver;
import io.whetstone.cuda.driver.Libraries;
import io.whetstone.cuda.driver.Nvrtc;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Compiles kernels' sources for the GPU that was found, and keeps what came out on disk.
 *
 * <p>A source and a set of defines make a module, compiled once. What is kept is named by a hash of
 * source, headers, options, compiler and driver; it is written aside and renamed, and begins with a
 * hash of itself: an entry that is damaged is compiled again.
 */
final class KernelCompiler implements AutoCloseable {
  /** The directory that compiled kernels are kept in; {@code none} keeps nothing. */
  static final String CACHE = "whetstone.cuda.kernels";

  private static final String SOURCES = "kernels/";
  private static final Pattern INCLUDE = Pattern.compile("(?m)^\\s*#\\s*include\\s+\"([^\"]+)\"");
  private static final int HASH_BYTES = 32;

  private final Driver driver;
  private final Nvrtc compiler;
  private final String architecture;
  private final Optional<Path> cache;
  private final Map<String, Long> modules = new HashMap<>();

  KernelCompiler(Libraries libraries, int computeCapability, Optional<Path> cache) {
    this.driver = libraries.driver();
    this.compiler = libraries.compiler();
    this.architecture = architecture(compiler, computeCapability);
    this.cache = cache;
  }

  /** Where compiled kernels are kept: what {@link #CACHE} says, or the user's cache directory. */
  static Optional<Path> cache() {
    String said = System.getProperty(CACHE, "");
    if (said.equals("none")) {
      return Optional.empty();
    }
    if (!said.isBlank()) {
      return Optional.of(Path.of(said));
    }
    String caches = System.getenv("XDG_CACHE_HOME");
    return Optional.of(
        caches == null || caches.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache", "whetstone", "kernels")
            : Path.of(caches, "whetstone", "kernels"));
  }

  /** The GPU's own code where the compiler knows it, else PTX that the driver translates. */
  private static String architecture(Nvrtc compiler, int computeCapability) {
    List<Integer> known = compiler.architectures();
    if (known.contains(computeCapability)) {
      return "sm_" + computeCapability;
    }
    return known.stream()
        .filter(each -> each < computeCapability)
        .max(Integer::compare)
        .map(newest -> "compute_" + newest)
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "NVRTC %s (%s) does not know compute capability %d.%d, only %s: install another"
                        .formatted(
                            compiler.version(),
                            compiler.file(),
                            computeCapability / 10,
                            computeCapability % 10,
                            known)));
  }

  /** The driver's handle of a kernel. */
  long function(String file, String name, String... defines) {
    String key = file + " " + String.join(" ", defines);
    Long module = modules.get(key);
    if (module == null) {
      try (Arena arena = Arena.ofConfined()) {
        byte[] image = image(file, defines);
        MemorySegment copy = arena.allocate(image.length + 1L, 16);
        copy.asSlice(0, image.length).copyFrom(MemorySegment.ofArray(image));
        module = driver.loadModule(copy);
      }
      modules.put(key, module);
    }
    return driver.function(module, name);
  }

  private byte[] image(String file, String... defines) {
    String source = text(file).orElseThrow(() -> new IllegalStateException("no source " + file));
    Map<String, String> headers = headers(source);
    List<String> options = options(architecture, defines);
    Optional<Path> kept =
        cache.map(
            directory ->
                directory.resolve(file.replace('/', '-') + "-" + key(source, headers, options)));
    return kept.flatMap(KernelCompiler::read)
        .orElseGet(
            () -> {
              byte[] image = compiler.compile(file, source, headers, options).image();
              kept.ifPresent(path -> write(path, image));
              return image;
            });
  }

  /** What NVRTC is told. */
  static List<String> options(String architecture, String... defines) {
    List<String> options = new ArrayList<>();
    options.add("--gpu-architecture=" + architecture);
    options.add("--std=c++17");
    options.add("--fmad=false");
    options.add("-default-device");
    Arrays.stream(defines).map(define -> "-D" + define).forEach(options::add);
    return options;
  }

  /** What the source includes, and what that includes; one that is not ours is the compiler's. */
  static Map<String, String> headers(String source) {
    Map<String, String> headers = new TreeMap<>();
    addHeaders(source, headers);
    return headers;
  }

  private static void addHeaders(String source, Map<String, String> headers) {
    Matcher includes = INCLUDE.matcher(source);
    while (includes.find()) {
      String name = includes.group(1);
      if (!headers.containsKey(name)) {
        text(name)
            .ifPresent(
                header -> {
                  headers.put(name, header);
                  addHeaders(header, headers);
                });
      }
    }
  }

  /** A source or header, by its name. */
  static Optional<String> text(String file) {
    try (InputStream in = KernelCompiler.class.getResourceAsStream(SOURCES + file)) {
      return in == null
          ? Optional.empty()
          : Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String key(String source, Map<String, String> headers, List<String> options) {
    MessageDigest digest = sha256();
    List<String> parts = new ArrayList<>(List.of(source));
    headers.forEach((name, text) -> parts.addAll(List.of(name, text)));
    parts.addAll(options);
    parts.add("NVRTC " + compiler.version() + " " + identity(Path.of(compiler.file())));
    parts.add("driver " + driver.version());
    for (String part : parts) {
      digest.update(part.getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
    }
    return HexFormat.of().formatHex(digest.digest(), 0, 16);
  }

  /** Tells a library from another of the same version. */
  private static String identity(Path library) {
    try {
      FileTime changed = Files.getLastModifiedTime(library);
      return Files.size(library) + " " + changed.toMillis();
    } catch (IOException e) {
      return "";
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  /** What is kept there; empty when there is nothing, or it is damaged. */
  private static Optional<byte[]> read(Path file) {
    try {
      byte[] all = Files.readAllBytes(file);
      byte[] image = Arrays.copyOfRange(all, Math.min(all.length, HASH_BYTES), all.length);
      byte[] hash = Arrays.copyOf(all, HASH_BYTES);
      return image.length > 0 && MessageDigest.isEqual(hash, sha256().digest(image))
          ? Optional.of(image)
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Keeps an image; where that cannot be, it is compiled again next time. */
  private static void write(Path file, byte[] image) {
    try {
      Files.createDirectories(file.getParent());
      Path aside = Files.createTempFile(file.getParent(), file.getFileName().toString(), ".part");
      try {
        byte[] all = Arrays.copyOf(sha256().digest(image), HASH_BYTES + image.length);
        System.arraycopy(image, 0, all, HASH_BYTES, image.length);
        Files.write(aside, all);
        try {
          Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
          Files.move(aside, file, StandardCopyOption.REPLACE_EXISTING);
        }
      } finally {
        Files.deleteIfExists(aside);
      }
    } catch (IOException e) {
      System.err.println(
          "cuda: compiled kernels cannot be kept in "
              + file.getParent()
              + ", so they are compiled at every start: "
              + e);
    }
  }

  @Override
  public void close() {
    modules.values().forEach(driver::unloadModule);
    modules.clear();
  }
}
