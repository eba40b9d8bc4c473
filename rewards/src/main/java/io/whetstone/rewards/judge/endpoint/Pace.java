package io.whetstone.rewards.judge.endpoint;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** Lets requests begin: so many at the same time, and so many a minute, evenly. */
final class Pace {

  private final Semaphore places;
  private final long nanosBetween;
  private final ReentrantLock lock = new ReentrantLock();
  private long next = System.nanoTime(); // guarded by the lock

  Pace(EndpointSettings settings) {
    this.places = new Semaphore(settings.concurrency(), true);
    this.nanosBetween =
        settings.requestsPerMinute() == 0 ? 0 : (long) (60e9 / settings.requestsPerMinute());
  }

  /** Waits for a place; it is given back with {@link #leave}. */
  void enter() throws InterruptedException {
    places.acquire();
    boolean entered = false;
    try {
      waitForTurn();
      entered = true;
    } finally {
      if (!entered) {
        places.release();
      }
    }
  }

  private void waitForTurn() throws InterruptedException {
    if (nanosBetween == 0) {
      return;
    }
    long turn;
    lock.lock();
    try {
      turn = Math.max(next - System.nanoTime(), 0);
      next = System.nanoTime() + turn + nanosBetween;
    } finally {
      lock.unlock();
    }
    TimeUnit.NANOSECONDS.sleep(turn);
  }

  void leave() {
    places.release();
  }
}
