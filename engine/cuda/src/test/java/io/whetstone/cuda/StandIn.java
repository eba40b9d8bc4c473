package io.whetstone.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.whetstone.cuda.driver.Libraries;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * A GPU for tests, on this computer's processor: the driver, NVRTC and cuBLASLt as three libraries
 * of our own, which g++ makes of {@code src/test/cpp} once into {@code target/stand-in}.
 *
 * <p>A block's threads are fibers. What is put on a stream is done when it is waited for. {@link
 * #checked} compiles kernels so that every access to memory is looked at.
 */
public final class StandIn {
  private static final Path MODULE = module();
  private static final Path SOURCES = MODULE.resolve("src/test/cpp");
  private static final Path BUILT = MODULE.resolve("target/stand-in");

  private static final long MEMORY = 8L << 30;

  private final Path directory;

  private StandIn(Path directory) {
    this.directory = directory;
  }

  /** Kernels run as fast as they can; what goes wrong in them may end the JVM. */
  public static StandIn fast() {
    return in("fast");
  }

  /** Kernels are looked at: bounds, alignment, races, barriers. What is found is a report. */
  static StandIn checked() {
    return in("checked");
  }

  /** Builds it where that has not been done; ends the test, saying why, where it cannot be. */
  private static StandIn in(String kind) {
    Optional<String> missing = missing();
    missing.ifPresent(why -> System.out.println("NOT RUN: the stand-in GPU: " + why));
    Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
    build();
    StandIn standIn = new StandIn(BUILT.resolve(kind));
    standIn.use();
    standIn.order(Order.ASCENDING);
    standIn.memory(MEMORY);
    standIn.late(true);
    standIn.rowDependent(0);
    standIn.outDependent(0);
    standIn.brokenCaptures(0);
    standIn.reports();
    return standIn;
  }

  private static Optional<String> missing() {
    if (!System.getProperty("os.name").equals("Linux")) {
      return Optional.of("it is made for Linux");
    }
    try {
      Process compiler = new ProcessBuilder("g++", "--version").redirectErrorStream(true).start();
      compiler.getInputStream().readAllBytes();
      return compiler.waitFor() == 0 ? Optional.empty() : Optional.of("g++ does not work");
    } catch (IOException e) {
      return Optional.of("there is no g++ (a package of that name, or build-essential, brings it)");
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Path module() {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      for (Path candidate : List.of(at, at.resolve("engine/cuda"))) {
        if (Files.isRegularFile(candidate.resolve("src/test/cpp/stand_in.h"))) {
          return candidate;
        }
      }
    }
    throw new IllegalStateException("engine/cuda is not above " + Path.of("").toAbsolutePath());
  }

  /** One process builds, the others wait for it. */
  private static synchronized void build() {
    try {
      Files.createDirectories(BUILT);
      Path stamp = BUILT.resolve("built-from");
      String sources = hash();
      try (FileChannel channel =
              FileChannel.open(
                  BUILT.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = channel.lock()) {
        if (lock.isValid() && Files.exists(stamp) && Files.readString(stamp).equals(sources)) {
          return;
        }
        Process make =
            new ProcessBuilder("sh", SOURCES.resolve("build").toString(), BUILT.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(make.getInputStream().readAllBytes());
        if (make.waitFor() != 0) {
          throw new IllegalStateException("the stand-in GPU does not compile:\n" + output);
        }
        Files.writeString(stamp, sources);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String hash() throws IOException {
    try (Stream<Path> files = Files.list(SOURCES)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Path file : files.sorted().toList()) {
        digest.update(file.toString().getBytes());
        digest.update(Files.readAllBytes(file));
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  /** Points the backend at it, and at a place for compiled kernels. */
  void use() {
    System.setProperty(Libraries.PROPERTY, directory.toString());
    System.setProperty(
        KernelCompiler.CACHE,
        MODULE.resolve("target/kernels").resolve(directory.getFileName()).toString());
  }

  /** A GPU of it. */
  Gpu open() {
    use();
    return Gpu.open();
  }

  /** In what order a launch's blocks and a block's threads begin. */
  enum Order {
    ASCENDING,
    DESCENDING,
    SHUFFLED
  }

  void order(Order order) {
    set("order", order.ordinal());
  }

  /** Operating system threads that run blocks. */
  void workers(int workers) {
    set("workers", workers);
  }

  /** Bytes of the device's memory. */
  void memory(long bytes) {
    set("memory", bytes);
  }

  /** Whether a stream's work waits until somebody waits for it. */
  void late(boolean late) {
    set("late", late ? 1 : 0);
  }

  /** Makes cuBLASLt's algorithm of that id depend on the number of rows; 0 for none. */
  void rowDependent(int algorithm) {
    set("rowDependent", algorithm);
  }

  /** The same for the number of outputs. */
  void outDependent(int algorithm) {
    set("outDependent", algorithm);
  }

  /** So many captures from now on meet what cannot be captured. */
  void brokenCaptures(int count) {
    set("brokenCaptures", count);
  }

  private void set(String name, long value) {
    try (Arena arena = Arena.ofConfined()) {
      int known =
          (int)
              function("standInSet", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG))
                  .invokeWithArguments(arena.allocateFrom(name), value);
      if (known == 0) {
        throw new IllegalArgumentException(name);
      }
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** What was found wrong since the last call; empty for nothing. A line for each. */
  public String reports() {
    try {
      MemorySegment text =
          (MemorySegment)
              function("standInReports", FunctionDescriptor.of(ADDRESS)).invokeWithArguments();
      return text.reinterpret(Long.MAX_VALUE).getString(0);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** Allocations on the device that have not been freed. */
  long allocations() {
    try {
      return (long)
          function("standInAllocations", FunctionDescriptor.of(JAVA_LONG)).invokeWithArguments();
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private MethodHandle function(String name, FunctionDescriptor type) {
    SymbolLookup library =
        SymbolLookup.libraryLookup(directory.resolve("libcuda.so.1"), Arena.global());
    return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), type);
  }
}
