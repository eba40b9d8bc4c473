package io.whetstone.tensor;

/**
 * A weight matrix W [out, in] prepared by a backend for products; opaque outside it.
 *
 * <p>The backend may keep packed or converted copies. After the master changed, {@link #refresh}
 * must be called before the next product.
 */
public interface Linear extends AutoCloseable {
  /** The type that products are made in, which x and dy have: F32 or BF16. */
  DType dtype();

  /** Columns of x in x Wᵀ. */
  int in();

  /** Columns of y = x Wᵀ. */
  int out();

  /** Reads the master weight again. */
  void refresh();

  @Override
  void close();
}
