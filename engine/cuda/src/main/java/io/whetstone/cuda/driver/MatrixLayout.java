package io.whetstone.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How a matrix lies in memory, column-major, as cuBLASLt is told: its extents can be changed, which
 * allocates nothing.
 */
public final class MatrixLayout implements AutoCloseable {
  private static final int ROWS = 2;
  private static final int COLUMNS = 3;
  private static final int STRIDE = 4;

  private final CublasLt library;
  private final MemorySegment value;
  private final long handle;
  private long rows = 1;
  private long columns = 1;
  private long stride = 1;

  /**
   * @param type {@link CublasLt#FLOAT} or {@link CublasLt#BFLOAT16}
   * @param arena outlives the layout
   */
  public MatrixLayout(CublasLt library, int type, Arena arena) {
    this.library = library;
    this.value = arena.allocate(ValueLayout.JAVA_LONG);
    this.handle = library.createLayout(type);
  }

  /**
   * Changes the extents.
   *
   * @param stride elements from a column to the next
   */
  public MatrixLayout shape(long rows, long columns, long stride) {
    if (rows != this.rows) {
      set(ROWS, rows);
      this.rows = rows;
    }
    if (columns != this.columns) {
      set(COLUMNS, columns);
      this.columns = columns;
    }
    if (stride != this.stride) {
      set(STRIDE, stride);
      this.stride = stride;
    }
    return this;
  }

  private void set(int attribute, long number) {
    value.set(ValueLayout.JAVA_LONG, 0, number);
    library.setLayout(handle, attribute, value);
  }

  /** The library's handle. */
  public long handle() {
    return handle;
  }

  @Override
  public void close() {
    library.destroyLayout(handle);
  }
}
