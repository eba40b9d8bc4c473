package io.whetstone.rewards.sandbox;

import io.whetstone.rewards.sandbox.ProgramRun.Ending;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Watches one child from its start to its end: takes what it writes, looks at what it uses, kills
 * it where that is too much or this thread is interrupted. One thread does it all, and is the one
 * whose end would end the child.
 */
final class Supervision {

  private static final int LOOK_EVERY_MILLIS = 10;
  private static final int CHUNK = 1 << 16;
  private static final int LAST_CHUNKS = 100;
  private static final int PATIENCE_ROUNDS = 1000; // of a millisecond each

  /** One pipe that the child writes to, and what was kept of it. */
  static final class Stream {
    private final int descriptor;
    private final long limit;
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private long seen;
    private boolean ended;

    Stream(int descriptor, long limit) {
      this.descriptor = descriptor;
      this.limit = limit;
    }

    byte[] bytes() {
      return kept.toByteArray();
    }

    private void take(byte[] bytes) {
      seen += bytes.length;
      kept.write(bytes, 0, (int) Math.min(bytes.length, limit - kept.size()));
    }

    private boolean isOver() {
      return seen > limit;
    }
  }

  private final Libc libc;
  private final Limits limits;
  private final List<Stream> streams;
  private final long start = System.nanoTime();
  private long lastLook = start;
  private int child;
  private Optional<Libc.Ended> ended = Optional.empty();
  private Duration mostCpu = Duration.ZERO;
  private Duration waited = Duration.ZERO;
  private long peakMemory;

  Supervision(Libc libc, Limits limits, List<Stream> streams) {
    this.libc = libc;
    this.limits = limits;
    this.streams = streams;
  }

  /**
   * How the child ended.
   *
   * @param cpu as wait4 tells it, or as it was last seen where that is more: processes that nobody
   *     waits for are not in wait4's
   * @param peakMemory the largest resident set seen; wait4's is of no use, for it begins with the
   *     size of the process that forked
   */
  record End(Ending ending, int status, Duration cpu, long peakMemory, Duration wall) {}

  /**
   * Watches until the child and all that it started have ended.
   *
   * @param results whose first byte sets off the revelation
   */
  End watch(int child, Optional<Stream> results, Runnable revelation) throws InterruptedException {
    this.child = child;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(CHUNK);
      Ending ending = Ending.EXITED;
      boolean revealed = results.isEmpty();
      while (ended.isEmpty()) {
        boolean quiet = !take(buffer);
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        if (!revealed && results.get().seen > 0) {
          revelation.run();
          revealed = true;
        }
        Optional<Ending> tooMuch = look();
        if (tooMuch.isPresent()) {
          ending = tooMuch.get();
          kill();
        } else if (quiet) {
          ended = libc.ended(child);
        }
      }
      // What it had written before it ended; bounded, for without isolation a writer may live on.
      for (int i = 0; i < LAST_CHUNKS && take(buffer); i++) {}
      Duration cpu = cpu();
      return new End(verdict(ending), ended.get().status(), cpu, peakMemory, wall());
    } finally {
      kill();
    }
  }

  /** Reads what is there, waiting a little if nothing is; whether anything was. */
  private boolean take(MemorySegment buffer) {
    List<Stream> open = new ArrayList<>(streams);
    open.removeIf(stream -> stream.ended);
    boolean any = false;
    // With every pipe closed the end is near: it is asked for often.
    int wait = open.isEmpty() ? 1 : LOOK_EVERY_MILLIS;
    boolean[] ready = libc.readable(open.stream().map(s -> s.descriptor).toList(), wait);
    for (int i = 0; i < ready.length; i++) {
      if (ready[i]) {
        Stream stream = open.get(i);
        int count = libc.read(stream.descriptor, buffer);
        stream.take(buffer.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE));
        stream.ended = count == 0;
        any = true;
      }
    }
    return any;
  }

  private Optional<Ending> look() {
    if (isOver()) {
      return Optional.of(Ending.OUTPUT);
    }
    long now = System.nanoTime();
    if (now - lastLook < LOOK_EVERY_MILLIS * 1_000_000L) {
      return Optional.empty();
    }
    lastLook = now;
    ProcessTree tree = ProcessTree.under(child);
    mostCpu = tree.cpu().compareTo(mostCpu) > 0 ? tree.cpu() : mostCpu;
    peakMemory = Math.max(peakMemory, tree.peakMemory());
    waited = tree.waited().compareTo(waited) > 0 ? tree.waited() : waited;
    if (wall().compareTo(limits.wall()) > 0) {
      return Optional.of(Ending.TIME);
    }
    return tree.memory() > limits.memory()
        ? Optional.of(Ending.MEMORY)
        : tree.cpu().compareTo(limits.cpu()) > 0 ? Optional.of(Ending.TIME) : Optional.empty();
  }

  /** Without the time in which others had the processors: a busy machine is no finding. */
  private Duration wall() {
    return Duration.ofNanos(System.nanoTime() - start).minus(waited);
  }

  private Duration cpu() {
    Duration told = ended.get().cpu();
    return told.compareTo(mostCpu) > 0 ? told : mostCpu;
  }

  private boolean isOver() {
    return streams.stream().anyMatch(Stream::isOver);
  }

  /** The kernel may have been the first to find the time used up. */
  private Ending verdict(Ending ending) {
    return ending != Ending.EXITED
        ? ending
        : cpu().compareTo(limits.cpu()) > 0
            ? Ending.TIME
            : isOver() ? Ending.OUTPUT : Ending.EXITED;
  }

  /**
   * Kills what came from the child, until it has ended; the child itself lives on to tell how, so
   * it is killed only where it does not.
   */
  private void kill() {
    for (int round = 0; ended.isEmpty(); round++) {
      List<Integer> processes = ProcessTree.under(child).processes();
      for (int process : processes) {
        if (process != child || round > PATIENCE_ROUNDS) {
          libc.kill(process);
        }
      }
      libc.readable(List.of(), 1);
      ended = libc.ended(child);
    }
  }
}
