package io.whetstone.datasets;

/** Lengths in code points, counted as they come. */
final class LengthCount {
  private int min = Integer.MAX_VALUE;
  private int max;
  private long sum;
  private long count;

  void add(String text) {
    int length = text.codePointCount(0, text.length());
    min = Math.min(min, length);
    max = Math.max(max, length);
    sum += length;
    count++;
  }

  DatasetSummary.Lengths lengths() {
    return new DatasetSummary.Lengths(
        count == 0 ? 0 : min, count == 0 ? 0 : (double) sum / count, max);
  }
}
