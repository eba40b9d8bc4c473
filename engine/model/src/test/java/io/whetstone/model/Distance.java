package io.whetstone.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.TreeSet;

/** The two senses of "relative" in these tests. */
final class Distance {
  private Distance() {}

  /** max |a − b| / max |b|. */
  static double ofMaxima(float[] a, float[] b) {
    assertEquals(b.length, a.length);
    double difference = 0;
    double size = 0;
    for (int i = 0; i < a.length; i++) {
      difference = Math.max(difference, Math.abs((double) a[i] - b[i]));
      size = Math.max(size, Math.abs(b[i]));
    }
    return difference == 0 ? 0 : difference / size;
  }

  /** ‖a − b‖ / ‖b‖. */
  static double ofNorms(float[] a, float[] b) {
    assertEquals(b.length, a.length);
    double difference = 0;
    double size = 0;
    for (int i = 0; i < a.length; i++) {
      difference += Math.pow((double) a[i] - b[i], 2);
      size += Math.pow(b[i], 2);
    }
    return difference == 0 ? 0 : Math.sqrt(difference / size);
  }

  /** That every tensor of {@code a} is within {@code limit} of {@code b} by {@link #ofNorms}. */
  static void assertNear(Map<String, float[]> a, Map<String, float[]> b, double limit) {
    assertEquals(new TreeSet<>(b.keySet()), new TreeSet<>(a.keySet()));
    b.forEach(
        (name, expected) -> {
          double distance = ofNorms(a.get(name), expected);
          assertTrue(distance <= limit, () -> name + ": " + distance + " > " + limit);
        });
  }
}
