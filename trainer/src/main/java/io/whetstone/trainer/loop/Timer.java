package io.whetstone.trainer.loop;

import java.util.LinkedHashMap;
import java.util.Map;

/** Where a step's time went. */
final class Timer {
  private final long start = System.nanoTime();
  private final Map<String, Double> seconds = new LinkedHashMap<>();
  private long last = start;

  /** Books the time since the last lap to {@code part}. */
  void lap(String part) {
    long now = System.nanoTime();
    seconds.merge(part, (now - last) * 1e-9, Double::sum);
    last = now;
  }

  /** Adds {@code time/PART} alone, for what happens outside a step. */
  void add(Map<String, Double> metrics, String part) {
    metrics.merge("time/" + part, seconds.getOrDefault(part, 0.0), Double::sum);
  }

  /** Writes {@code time/PART} in seconds, {@code time/step} and the tokens drawn a second. */
  void into(Map<String, Double> metrics, long tokens) {
    double step = (System.nanoTime() - start) * 1e-9;
    seconds.forEach((part, time) -> metrics.put("time/" + part, time));
    metrics.put("time/step", step);
    metrics.put("time/tokens-per-second", tokens / step);
  }
}
