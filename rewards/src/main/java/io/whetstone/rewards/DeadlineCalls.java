package io.whetstone.rewards;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * Runs calls concurrently, each with a deadline that starts when the call does.
 *
 * <p>A call that passes its deadline is interrupted and its place given to the next at once. If it
 * ignores the interrupt, its daemon thread is lost to the process until it ends by itself; nothing
 * in Java can stop it. A late result is thrown away.
 */
final class DeadlineCalls implements AutoCloseable {

  /** What is to be done. */
  interface Call<T> {
    Duration deadline();

    /** Who does the work. */
    Object worker();

    /** How many calls the worker can take at the same time. */
    int atOnce();

    T call() throws Exception;

    T onTimeout();

    T onFailure(Throwable failure);
  }

  private record Ended<T>(int index, T value, VirtualMachineError fatal) {}

  private final int concurrency;
  private final ExecutorService threads;
  private final AtomicInteger abandoned = new AtomicInteger();

  DeadlineCalls(int concurrency) {
    if (concurrency < 1) {
      throw new IllegalArgumentException("threads: " + concurrency + " is not 1 or more");
    }
    this.concurrency = concurrency;
    // Unbounded, for a lost thread must not take the place of a living one; run() bounds the rest.
    threads =
        Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("reward-", 0).factory());
  }

  /** Runs all calls; the results are in the calls' order. */
  <T> List<T> run(List<? extends Call<T>> calls) throws InterruptedException {
    List<T> results = new ArrayList<>(Collections.nCopies(calls.size(), (T) null));
    BlockingQueue<Ended<T>> endings = new LinkedBlockingQueue<>();
    List<Running<T>> running = new ArrayList<>();
    List<Integer> waiting = new LinkedList<>(IntStream.range(0, calls.size()).boxed().toList());
    try {
      while (!waiting.isEmpty() || !running.isEmpty()) {
        for (Iterator<Integer> each = waiting.iterator();
            each.hasNext() && running.size() < concurrency; ) {
          int next = each.next();
          // A call that had to wait for its worker would spend its deadline waiting.
          if (isFree(calls.get(next), running)) {
            running.add(new Running<>(next, calls.get(next), endings));
            each.remove();
          }
        }
        Ended<T> ended = endings.poll(nanosToNextDeadline(running), TimeUnit.NANOSECONDS);
        if (ended == null) {
          expire(running, results);
        } else if (ended.fatal() != null) {
          throw ended.fatal();
        } else if (running.removeIf(call -> call.index == ended.index())) {
          results.set(ended.index(), ended.value());
        } // else it came after its deadline, which has been answered for already
      }
    } finally {
      running.forEach(Running::abandon);
    }
    return results;
  }

  private static <T> boolean isFree(Call<T> call, List<Running<T>> running) {
    return call.atOnce() == Integer.MAX_VALUE
        || running.stream().filter(r -> r.call.worker() == call.worker()).count() < call.atOnce();
  }

  private static long nanosToNextDeadline(List<? extends Running<?>> running) {
    long now = System.nanoTime();
    long nearest = Long.MAX_VALUE;
    for (Running<?> call : running) {
      nearest = Math.min(nearest, call.nanosLeft(now));
    }
    return nearest;
  }

  private static <T> void expire(List<Running<T>> running, List<T> results) {
    long now = System.nanoTime();
    for (Iterator<Running<T>> each = running.iterator(); each.hasNext(); ) {
      Running<T> call = each.next();
      if (call.nanosLeft(now) <= 0) {
        call.abandon();
        results.set(call.index, call.call.onTimeout());
        each.remove();
      }
    }
  }

  /** Calls that passed their deadline and have not ended yet. */
  int abandoned() {
    return abandoned.get();
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }

  private final class Running<T> {
    private final int index;
    private final Call<T> call;
    private final BlockingQueue<Ended<T>> endings;
    private final long nanos;
    private final Future<?> future;
    private boolean started; // guarded by this
    private long start; // guarded by this; what the machine needs to begin is not the call's
    private boolean over; // guarded by this
    private boolean givenUp; // guarded by this

    Running(int index, Call<T> call, BlockingQueue<Ended<T>> endings) {
      this.index = index;
      this.call = call;
      this.endings = endings;
      this.nanos = TimeUnit.NANOSECONDS.convert(call.deadline()); // saturates
      this.future = threads.submit(this::work);
    }

    synchronized long nanosLeft(long now) {
      return started ? nanos - (now - start) : nanos;
    }

    private void work() {
      synchronized (this) {
        if (givenUp) {
          return; // before it began
        }
        started = true;
        start = System.nanoTime();
      }
      Ended<T> result;
      try {
        result = new Ended<>(index, call.call(), null);
      } catch (StackOverflowError e) {
        result = new Ended<>(index, call.onFailure(e), null); // the plugin's recursion, not ours
      } catch (VirtualMachineError e) {
        result = new Ended<>(index, null, e); // out of memory is not the plugin's finding
      } catch (Throwable e) {
        result = new Ended<>(index, call.onFailure(e), null);
      }
      synchronized (this) {
        over = true;
        if (givenUp) {
          abandoned.decrementAndGet();
        }
      }
      endings.add(result);
    }

    void abandon() {
      synchronized (this) {
        givenUp = true;
        if (started && !over) {
          abandoned.incrementAndGet();
        }
      }
      future.cancel(true);
    }
  }
}
