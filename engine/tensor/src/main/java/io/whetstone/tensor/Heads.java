package io.whetstone.tensor;

/**
 * How a row of the fused projection splits into attention heads: {@code [query heads | key heads |
 * value heads]}, each head {@code size} numbers wide. Query head h reads key/value head {@code h /
 * (queries / keyValues)} (grouped-query attention, Ainslie et al. 2023).
 *
 * @param queries number of query heads, a multiple of {@code keyValues}
 * @param keyValues number of key heads and of value heads
 * @param size numbers per head, even (RoPE rotates halves)
 */
public record Heads(int queries, int keyValues, int size) {
  public Heads {
    if (queries < 1 || keyValues < 1 || queries % keyValues != 0) {
      throw new IllegalArgumentException(
          "query heads ("
              + queries
              + ") must be a multiple of key/value heads ("
              + keyValues
              + ")");
    }
    if (size < 2 || size % 2 != 0) {
      throw new IllegalArgumentException("head size must be even and ≥ 2, got " + size);
    }
    if ((queries + 2L * keyValues) * size > 1 << 24) {
      throw new IllegalArgumentException(
          queries + " and " + keyValues + " heads of " + size + " are more than 2²⁴ columns");
    }
  }

  /** Columns of the fused query/key/value row. */
  public int fusedColumns() {
    return (queries + 2 * keyValues) * size;
  }

  /** Columns of the attention's output row. */
  public int outputColumns() {
    return queries * size;
  }

  /** Query heads that share one key/value head. */
  public int group() {
    return queries / keyValues;
  }

  /**
   * How many norms {@link Backend#headNorm} takes of a row: one for each run of as many columns as
   * the weights have numbers.
   */
  public int norms(Tensor queryWeight, Tensor keyWeight) {
    return queries * size / queryWeight.columns() + keyValues * size / keyWeight.columns();
  }
}
