package io.whetstone.rewards;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;

/** How long calls of rewards took, by the reward's name, all threads together. Thread-safe. */
final class RewardClock {
  private final Map<String, Double> seconds = new TreeMap<>();

  /** Makes the call and books its time, however it ends. */
  <T> T time(String reward, Callable<T> call) throws Exception {
    long begin = System.nanoTime();
    try {
      return call.call();
    } finally {
      double took = (System.nanoTime() - begin) * 1e-9;
      synchronized (seconds) {
        seconds.merge(reward, took, Double::sum);
      }
    }
  }

  /** What was booked since this was last asked. */
  Map<String, Double> take() {
    synchronized (seconds) {
      Map<String, Double> taken = new TreeMap<>(seconds);
      seconds.clear();
      return taken;
    }
  }
}
