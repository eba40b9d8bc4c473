package io.whetstone.rewards.sandbox;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The calls of the C library that {@link ProcessBuilder} has no word for: a child with file
 * descriptors of our choosing and no other, and what it used, as the kernel counted it.
 */
final class Libc {

  private static final int CLOEXEC = 0x80000; // O_CLOEXEC, the same on x86-64 and aarch64
  private static final int MEMORY_FILE_CLOEXEC = 1;
  private static final int DUPLICATE_CLOEXEC = 1030; // F_DUPFD_CLOEXEC
  private static final int NO_HANG = 1;
  private static final short POLL_IN = 1;
  private static final short SET_SIGNAL_DEFAULTS = 4;
  private static final short SET_SIGNAL_MASK = 8;
  private static final short NEW_SESSION = 0x80;
  private static final long OPAQUE = 512; // more than any of the C library's opaque structures has

  /** Room below for the numbers that a child's descriptors get. */
  private static final int FIRST_DESCRIPTOR = 256;

  /** How a child ended, as wait4 tells it. */
  record Ended(int status, Duration cpu) {}

  private final MethodHandle pipe2 = function("pipe2", JAVA_INT, ADDRESS, JAVA_INT);
  private final MethodHandle memfd = function("memfd_create", JAVA_INT, ADDRESS, JAVA_INT);
  private final MethodHandle fcntl =
      function("fcntl", Linker.Option.firstVariadicArg(2), JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
  private final MethodHandle close = function("close", JAVA_INT, JAVA_INT);
  private final MethodHandle read = function("read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private final MethodHandle pwrite =
      function("pwrite", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
  private final MethodHandle poll = function("poll", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
  private final MethodHandle kill = function("kill", JAVA_INT, JAVA_INT, JAVA_INT);
  private final MethodHandle wait4 =
      function("wait4", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS);
  private final MethodHandle spawn =
      function("posix_spawnp", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
  private final MethodHandle actionsInit =
      function("posix_spawn_file_actions_init", JAVA_INT, ADDRESS);
  private final MethodHandle actionsDup =
      function("posix_spawn_file_actions_adddup2", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  private final MethodHandle actionsCloseFrom =
      function("posix_spawn_file_actions_addclosefrom_np", JAVA_INT, ADDRESS, JAVA_INT);
  private final MethodHandle actionsDestroy =
      function("posix_spawn_file_actions_destroy", JAVA_INT, ADDRESS);
  private final MethodHandle attributesInit = function("posix_spawnattr_init", JAVA_INT, ADDRESS);
  private final MethodHandle attributesFlags =
      function("posix_spawnattr_setflags", JAVA_INT, ADDRESS, JAVA_SHORT);
  private final MethodHandle attributesMask =
      function("posix_spawnattr_setsigmask", JAVA_INT, ADDRESS, ADDRESS);
  private final MethodHandle attributesDefaults =
      function("posix_spawnattr_setsigdefault", JAVA_INT, ADDRESS, ADDRESS);
  private final MethodHandle signalsEmpty = function("sigemptyset", JAVA_INT, ADDRESS);
  private final MethodHandle signalsFull = function("sigfillset", JAVA_INT, ADDRESS);

  private static MethodHandle function(
      String name, MemoryLayout result, MemoryLayout... arguments) {
    return link(name, FunctionDescriptor.of(result, arguments));
  }

  private static MethodHandle function(
      String name, Linker.Option option, MemoryLayout result, MemoryLayout... arguments) {
    return link(name, FunctionDescriptor.of(result, arguments), option);
  }

  private static MethodHandle link(String name, FunctionDescriptor type, Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    MemorySegment address =
        linker
            .defaultLookup()
            .find(name)
            .orElseThrow(
                () ->
                    new SandboxException(
                        "programs can be run on Linux with glibc 2.34 or newer only: this system's"
                            + " C library has no "
                            + name));
    return linker.downcallHandle(address, type, options);
  }

  /** An empty file in memory, without a name. */
  int memoryFile() {
    try (Arena arena = Arena.ofConfined()) {
      return moved((int) memfd.invokeExact(arena.allocateFrom("program"), MEMORY_FILE_CLOEXEC));
    } catch (Throwable e) {
      throw failed("memfd_create", e);
    }
  }

  /** The reading and the writing end of a new pipe. */
  int[] pipe() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ends = arena.allocate(JAVA_INT, 2);
      checked("pipe2", (int) pipe2.invokeExact(ends, CLOEXEC));
      return new int[] {moved(ends.getAtIndex(JAVA_INT, 0)), moved(ends.getAtIndex(JAVA_INT, 1))};
    } catch (Throwable e) {
      throw failed("pipe2", e);
    }
  }

  /** The same file under a number that no child's descriptor will have. */
  private int moved(int descriptor) throws Throwable {
    checked("a new file descriptor", descriptor);
    int other = (int) fcntl.invokeExact(descriptor, DUPLICATE_CLOEXEC, FIRST_DESCRIPTOR);
    close(descriptor);
    return checked("fcntl", other);
  }

  void close(int descriptor) {
    try {
      int _ = (int) close.invokeExact(descriptor);
    } catch (Throwable e) {
      throw failed("close", e);
    }
  }

  /** Fills a memory file; whoever reads it stands at its beginning still. */
  void fill(int memoryFile, byte[] bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment from = arena.allocate(Math.max(1, bytes.length));
      MemorySegment.copy(bytes, 0, from, JAVA_BYTE, 0, bytes.length);
      for (long done = 0; done < bytes.length; ) {
        long left = bytes.length - done;
        done +=
            checked(
                "pwrite", (long) pwrite.invokeExact(memoryFile, from.asSlice(done), left, done));
      }
    } catch (Throwable e) {
      throw failed("pwrite", e);
    }
  }

  /** Reads what is there, at most the buffer's size; 0 at the end. */
  int read(int descriptor, MemorySegment buffer) {
    try {
      return Math.max(0, (int) (long) read.invokeExact(descriptor, buffer, buffer.byteSize()));
    } catch (Throwable e) {
      throw failed("read", e);
    }
  }

  /** Which of the descriptors have something to read, or have ended; waits at most so long. */
  boolean[] readable(List<Integer> descriptors, int milliseconds) {
    boolean[] ready = new boolean[descriptors.size()];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment polled = arena.allocate(8L * Math.max(1, ready.length), 8);
      for (int i = 0; i < ready.length; i++) {
        polled.set(JAVA_INT, 8L * i, descriptors.get(i));
        polled.set(JAVA_SHORT, 8L * i + 4, POLL_IN);
      }
      int count = (int) poll.invokeExact(polled, (long) ready.length, milliseconds);
      for (int i = 0; i < ready.length && count > 0; i++) {
        ready[i] = polled.get(JAVA_SHORT, 8L * i + 6) != 0;
      }
      return ready;
    } catch (Throwable e) {
      throw failed("poll", e);
    }
  }

  /**
   * Starts a program in a session of its own, with no signal blocked or ignored.
   *
   * @param descriptors our descriptors, in the order of the numbers 0, 1, … that they have in the
   *     child; it has no others
   * @return its process number
   */
  int spawn(List<String> command, List<String> environment, List<Integer> descriptors) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment actions = arena.allocate(OPAQUE, 16);
      checked("posix_spawn_file_actions_init", (int) actionsInit.invokeExact(actions));
      for (int i = 0; i < descriptors.size(); i++) {
        int _ = (int) actionsDup.invokeExact(actions, (int) descriptors.get(i), i);
      }
      int _ = (int) actionsCloseFrom.invokeExact(actions, descriptors.size());
      MemorySegment attributes = arena.allocate(OPAQUE, 16);
      MemorySegment signals = arena.allocate(OPAQUE, 16);
      int _ = (int) attributesInit.invokeExact(attributes);
      int _ = (int) signalsEmpty.invokeExact(signals);
      int _ = (int) attributesMask.invokeExact(attributes, signals);
      int _ = (int) signalsFull.invokeExact(signals);
      int _ = (int) attributesDefaults.invokeExact(attributes, signals);
      short flags = SET_SIGNAL_DEFAULTS | SET_SIGNAL_MASK | NEW_SESSION;
      int _ = (int) attributesFlags.invokeExact(attributes, flags);
      MemorySegment process = arena.allocate(JAVA_INT);
      int error =
          (int)
              spawn.invokeExact(
                  process,
                  arena.allocateFrom(command.getFirst()),
                  actions,
                  attributes,
                  strings(arena, command),
                  strings(arena, environment));
      int _ = (int) actionsDestroy.invokeExact(actions);
      if (error != 0) {
        throw new SandboxException(
            "%s: could not be started (error %d of posix_spawn)"
                .formatted(command.getFirst(), error));
      }
      return process.get(JAVA_INT, 0);
    } catch (Throwable e) {
      throw failed("posix_spawn", e);
    }
  }

  private static MemorySegment strings(Arena arena, List<String> strings) {
    MemorySegment array = arena.allocate(ADDRESS, strings.size() + 1L); // ends with a null
    for (int i = 0; i < strings.size(); i++) {
      array.setAtIndex(ADDRESS, i, arena.allocateFrom(strings.get(i)));
    }
    return array;
  }

  /** Sends SIGKILL; a negative number means the process group. */
  void kill(int process) {
    try {
      int _ = (int) kill.invokeExact(process, 9);
    } catch (Throwable e) {
      throw failed("kill", e);
    }
  }

  /** The end of a child of ours, once; empty while it runs. */
  Optional<Ended> ended(int child) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment status = arena.allocate(JAVA_INT);
      MemorySegment usage = arena.allocate(OPAQUE, 16);
      int found = (int) wait4.invokeExact(child, status, NO_HANG, usage);
      if (found != child) {
        return Optional.empty();
      }
      int word = status.get(JAVA_INT, 0);
      int signal = word & 0x7f;
      return Optional.of(
          new Ended(
              signal == 0 ? word >> 8 & 0xff : 128 + signal, time(usage, 0).plus(time(usage, 16))));
    } catch (Throwable e) {
      throw failed("wait4", e);
    }
  }

  private static Duration time(MemorySegment usage, long at) {
    return Duration.ofSeconds(usage.get(JAVA_LONG, at), usage.get(JAVA_LONG, at + 8) * 1000);
  }

  private static int checked(String what, int result) {
    return (int) checked(what, (long) result);
  }

  private static long checked(String what, long result) {
    if (result < 0) {
      throw new SandboxException(
          what + " failed; are too many files open in this process (ulimit -n)?");
    }
    return result;
  }

  private static RuntimeException failed(String what, Throwable e) {
    return switch (e) {
      case Error error -> throw error;
      case RuntimeException known -> known;
      default -> new SandboxException(what + " failed", e);
    };
  }
}
