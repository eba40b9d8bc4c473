package io.whetstone.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/**
 * Daemon threads that take tasks by a shared counter.
 *
 * <p>Decoding with a tiny model runs thousands of kernels of a few microseconds each second, so a
 * worker spins for a while before it parks, and the caller never waits for a worker that has not
 * taken a task: where the system gives a worker no processor, the caller does its share.
 */
final class WorkerPool implements Workers {
  /** Pauses before parking: some ten microseconds to a hundred, as long as a gap in decoding. */
  private static final int SPINS = 2_000;

  /** One call of {@link #run}. A worker that comes late finds its counter run out. */
  private static final class Job {
    final IntConsumer task;
    final int tasks;
    final AtomicInteger next = new AtomicInteger();
    final AtomicInteger done = new AtomicInteger();
    final AtomicReference<Throwable> failure = new AtomicReference<>();

    Job(IntConsumer task, int tasks) {
      this.task = task;
      this.tasks = tasks;
    }

    void work() {
      for (int i = next.getAndIncrement(); i < tasks; i = next.getAndIncrement()) {
        try {
          task.accept(i);
        } catch (Throwable e) {
          failure.compareAndSet(null, e);
        } finally {
          done.incrementAndGet();
        }
      }
    }
  }

  private final class Worker extends Thread {
    volatile boolean parked;

    Worker(int number) {
      super("whetstone-worker-" + number);
      setDaemon(true);
    }

    @Override
    public void run() {
      Job last = null;
      while (!closed) {
        Job next = awaitOtherThan(last);
        if (next != null) {
          next.work();
        }
        last = next;
      }
    }

    private Job awaitOtherThan(Job last) {
      for (int i = 0; i < SPINS; i++) {
        if (job != last) {
          return job;
        }
        Thread.onSpinWait();
      }
      parked = true;
      while (job == last && !closed) {
        LockSupport.park(WorkerPool.this);
      }
      parked = false;
      return job;
    }
  }

  private final Worker[] workers;
  private volatile Job job;
  private volatile boolean closed;
  private boolean running;

  /**
   * Starts {@code threads − 1} threads; the caller of {@link #run} is the other one.
   *
   * @param threads 0 for as many as the process may use processors
   */
  WorkerPool(int threads) {
    if (threads < 0) {
      throw new IllegalArgumentException("threads: " + threads + " is not ≥ 0");
    }
    int count = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    workers = new Worker[count - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker(i + 1);
      workers[i].start();
    }
  }

  @Override
  public int threads() {
    return workers.length + 1;
  }

  @Override
  public void run(int tasks, IntConsumer task) {
    if (running) {
      throw new IllegalStateException("a task must not run tasks of its own");
    }
    running = true;
    try {
      if (tasks <= 1 || workers.length == 0) {
        for (int i = 0; i < tasks; i++) {
          task.accept(i);
        }
      } else {
        runShared(new Job(task, tasks));
      }
    } finally {
      running = false;
    }
  }

  private void runShared(Job shared) {
    job = shared;
    int helpers = Math.min(shared.tasks - 1, workers.length);
    for (int i = 0; i < helpers; i++) {
      if (workers[i].parked) {
        LockSupport.unpark(workers[i]);
      }
    }
    shared.work();
    for (int spins = 0; shared.done.get() < shared.tasks; spins++) {
      if (spins < SPINS) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
    Throwable failure = shared.failure.get();
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure instanceof RuntimeException exception) {
      throw exception;
    }
  }

  @Override
  public void close() {
    closed = true;
    for (Worker worker : workers) {
      LockSupport.unpark(worker);
    }
  }
}
