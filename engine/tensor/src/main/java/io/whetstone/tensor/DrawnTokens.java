package io.whetstone.tensor;

/**
 * Tokens as they are drawn, a row each, and their logprobs: {@link Backend#draw} adds rows, and
 * {@link Backend#embedding(int[], DrawnTokens, Tensor, Tensor)} reads them where the backend has
 * them.
 *
 * <p>So a device begins with the next step while its host has yet to hear what this one drew: who
 * asks for a token waits for it. Not thread-safe.
 */
public interface DrawnTokens extends AutoCloseable {
  /** Of no rows, for ids that are all known; it takes none. */
  static DrawnTokens none() {
    return HostTokens.NONE;
  }

  /** Stands in an array of ids for the token that a row draws: negative, as no id is. */
  static int placeholder(int row) {
    return -1 - row;
  }

  /** The row that a placeholder stands for. */
  static int row(int placeholder) {
    return -1 - placeholder;
  }

  /** Rows drawn since the last {@link #reset}. */
  int rows();

  /** Every token is less: the largest vocabulary that was drawn from, 0 without rows. */
  int vocabulary();

  /** Forgets all rows, those too that nobody has asked for. */
  void reset();

  /** Whether the host has all tokens, so that nothing waits. */
  boolean known();

  /**
   * The token that a row drew; waits until it is known.
   *
   * @throws IllegalArgumentException when nothing can be drawn from the row's logits, if {@link
   *     Backend#draw} has not said so
   * @throws IndexOutOfBoundsException when there is no such row
   */
  int token(int row);

  /** The token's logprob, as {@link Backend#draw} says; waits and fails as {@link #token} does. */
  float logprob(int row);

  /** The ids with tokens in the placeholders' places; waits where there are any. */
  default int[] resolve(int[] ids) {
    int[] resolved = ids;
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0) {
        resolved = resolved == ids ? ids.clone() : resolved;
        resolved[i] = token(row(ids[i]));
      }
    }
    return resolved;
  }

  /** Frees what it holds; then it has no rows and takes none. */
  @Override
  void close();
}
