package io.whetstone.tensor;

/**
 * Paged storage for keys and values of every layer; layout is the backend's secret.
 *
 * <p>A page holds {@link #pageSize} consecutive positions of one sequence, in all layers. Which
 * page belongs to whom is the caller's bookkeeping: slot {@code page * pageSize + offset} names a
 * position.
 */
public interface KvCache extends AutoCloseable {
  /** Number of layers. */
  int layers();

  /** How its rows split into heads. */
  Heads heads();

  /** The type of its keys and values. */
  DType dtype();

  /** Positions in a page. */
  int pageSize();

  /** Number of pages. */
  int pages();

  /** Bytes the cache takes. */
  long bytes();

  /**
   * Copies a whole page, all layers: how a sequence forks within a page.
   *
   * @throws IllegalArgumentException when there is no such page
   */
  void copyPage(int from, int to);

  @Override
  void close();
}
