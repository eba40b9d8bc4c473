package io.whetstone.rewards;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Runs calls concurrently, each with a deadline that starts when the call does.
 *
 * <p>A call that passes its deadline is interrupted and its place given to the next at once. If it
 * ignores the interrupt, its daemon thread is lost to the process until it ends by itself; nothing
 * in Java can stop it. A late result is thrown away.
 *
 * <p>Threads take one call after the other by themselves; the caller sleeps until all is done or a
 * deadline may have passed. So a call of a microsecond costs no change of threads.
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

    /** Must not throw. */
    T onFailure(Throwable failure);
  }

  private final int concurrency;
  private final ExecutorService threads;
  private final AtomicInteger abandoned = new AtomicInteger();

  DeadlineCalls(int concurrency) {
    if (concurrency < 1) {
      throw new IllegalArgumentException("threads: " + concurrency + " is not 1 or more");
    }
    this.concurrency = concurrency;
    // Unbounded, for a lost thread must not take the place of a living one; a round bounds the
    // rest.
    threads =
        Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("reward-", 0).factory());
  }

  /** Runs all calls; the results are in the calls' order. */
  <T> List<T> run(List<? extends Call<T>> calls) throws InterruptedException {
    return new Round<T>(calls).run();
  }

  /** Calls that passed their deadline and have not ended yet. */
  int abandoned() {
    return abandoned.get();
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }

  /** A call that waits for its turn; what a plugin has to say about it was asked beforehand. */
  private record Waiting<T>(int index, Call<T> call, long nanos, Object worker, int atOnce) {
    static <T> Waiting<T> of(int index, Call<T> call) {
      long nanos = TimeUnit.NANOSECONDS.convert(call.deadline()); // saturates
      return new Waiting<>(index, call, nanos, call.worker(), call.atOnce());
    }
  }

  private static final class Running<T> {
    private final Waiting<T> what;
    private final Thread thread = Thread.currentThread();
    private final long start = System.nanoTime();
    private boolean givenUp; // guarded by the round's lock

    Running(Waiting<T> what) {
      this.what = what;
    }

    long nanosLeft(long now) {
      return what.nanos() - (now - start);
    }
  }

  private record Ended<T>(T value, VirtualMachineError fatal) {}

  /** The calls of one {@link #run}. */
  private final class Round<T> {
    private final ReentrantLock lock = new ReentrantLock();
    // All that follows is guarded by the lock.
    private final Condition over = lock.newCondition();
    private final List<Waiting<T>> waiting = new LinkedList<>();
    private final List<Running<T>> running = new ArrayList<>();
    private final List<T> results;
    private final long shortest; // deadline of any call
    private VirtualMachineError fatal;
    private boolean stopped;

    Round(List<? extends Call<T>> calls) {
      for (int i = 0; i < calls.size(); i++) {
        waiting.add(Waiting.of(i, calls.get(i)));
      }
      results = new ArrayList<>(Collections.nCopies(calls.size(), (T) null));
      shortest = waiting.stream().mapToLong(Waiting::nanos).min().orElse(Long.MAX_VALUE);
    }

    List<T> run() throws InterruptedException {
      lock.lock();
      try {
        for (int i = Math.min(concurrency, waiting.size()); i > 0; i--) {
          threads.execute(this::work);
        }
        while (fatal == null && !(waiting.isEmpty() && running.isEmpty())) {
          // What starts while this sleeps cannot be due before: none need wake it.
          over.awaitNanos(nanosToNextDeadline());
          expire();
          if (threads.isShutdown() && !waiting.isEmpty()) {
            throw new IllegalStateException("was closed while calls were waiting");
          }
        }
        if (fatal != null) {
          throw fatal;
        }
        return results;
      } finally {
        stopped = true;
        running.forEach(this::giveUp);
        lock.unlock();
      }
    }

    private long nanosToNextDeadline() {
      long now = System.nanoTime();
      long nearest = waiting.isEmpty() ? Long.MAX_VALUE : shortest;
      for (Running<T> call : running) {
        nearest = Math.min(nearest, call.nanosLeft(now));
      }
      return nearest;
    }

    private void expire() {
      long now = System.nanoTime();
      for (Iterator<Running<T>> each = running.iterator(); each.hasNext(); ) {
        Running<T> call = each.next();
        if (call.nanosLeft(now) <= 0) {
          each.remove();
          giveUp(call);
          results.set(call.what.index(), call.what.call().onTimeout());
          threads.execute(this::work); // in the place of the thread that is perhaps lost
        }
      }
    }

    /** Its thread leaves the round with it, so that the interrupt meets no other call. */
    private void giveUp(Running<T> call) {
      call.givenUp = true;
      abandoned.incrementAndGet();
      call.thread.interrupt();
    }

    /** A thread's part: call after call, until none is left that could begin. */
    private void work() {
      Running<T> call = begin();
      while (call != null) {
        Ended<T> ended = end(call.what.call());
        call = record(call, ended) ? begin() : null;
      }
    }

    /**
     * The first call whose worker is free; one that had to wait for it would spend its deadline
     * waiting. Where there is none the thread goes: a worker becomes free only when another thread
     * ends its call, and that one then takes the worker's next.
     */
    private Running<T> begin() {
      lock.lock();
      try {
        if (threads.isShutdown()) {
          over.signal();
          return null;
        }
        for (Iterator<Waiting<T>> each = waiting.iterator(); !stopped && each.hasNext(); ) {
          Waiting<T> next = each.next();
          if (isFree(next)) {
            each.remove();
            Running<T> call = new Running<>(next);
            running.add(call);
            return call;
          }
        }
        return null;
      } finally {
        lock.unlock();
      }
    }

    private boolean isFree(Waiting<T> call) {
      return call.atOnce() == Integer.MAX_VALUE
          || running.stream().filter(r -> r.what.worker() == call.worker()).count() < call.atOnce();
    }

    private Ended<T> end(Call<T> call) {
      try {
        return new Ended<>(call.call(), null);
      } catch (StackOverflowError e) {
        return new Ended<>(call.onFailure(e), null); // the plugin's recursion, not ours
      } catch (VirtualMachineError e) {
        return new Ended<>(null, e); // out of memory is not the plugin's finding
      } catch (Throwable e) {
        return new Ended<>(call.onFailure(e), null);
      }
    }

    /** Whether the thread may go on; not if the call was answered for already. */
    private boolean record(Running<T> call, Ended<T> ended) {
      lock.lock();
      try {
        if (call.givenUp) {
          abandoned.decrementAndGet();
          return false;
        }
        Thread.interrupted(); // a plugin's own doing, not for the next call
        running.remove(call);
        results.set(call.what.index(), ended.value());
        if (ended.fatal() != null) {
          fatal = ended.fatal();
        }
        if (fatal != null || waiting.isEmpty() && running.isEmpty()) {
          over.signal();
        }
        return true;
      } finally {
        lock.unlock();
      }
    }
  }
}
