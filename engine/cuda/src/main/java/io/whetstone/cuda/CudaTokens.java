package io.whetstone.cuda;

import io.whetstone.tensor.DrawnTokens;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * Tokens that lie on the device as they were drawn, and cross the bus into page-locked memory by
 * themselves: the host waits only when it asks for one.
 *
 * <p>A row has three ints, as sampling.cu writes them: its token, the bits of its logprob, and what
 * is wrong with it.
 */
final class CudaTokens implements DrawnTokens {
  private static final int FIELDS = 3;
  private static final long ROW_BYTES = 4L * FIELDS;
  private static final int FEWEST_ROWS = 256;

  // What can be wrong with a row.
  private static final int NOT_FINITE = 1;
  private static final int ALL_SUPPRESSED = 2;

  private final Gpu gpu;

  /** Happens when all rows have crossed. */
  private final long crossed;

  private DeviceMemory.Block results;
  private MemorySegment image;
  private int rows;
  private int vocabulary;
  private boolean known = true;
  private boolean closed;

  CudaTokens(Gpu gpu) {
    this.gpu = gpu;
    gpu.queue().enter();
    crossed = gpu.driver().createEvent();
    allocate(FEWEST_ROWS);
  }

  private void allocate(int capacity) {
    results = gpu.memory().allocate(ROW_BYTES * capacity, "drawn tokens");
    image = gpu.driver().allocatePinned(ROW_BYTES * capacity);
  }

  /** Where the results of so many rows more are to be written. */
  long room(int count) {
    if (closed) {
      throw new IllegalStateException("the drawn tokens are closed");
    }
    if (ROW_BYTES * (rows + count) > image.byteSize()) {
      grow(Math.max(rows + count, 2 * rows));
    }
    return address(rows);
  }

  private void grow(int capacity) {
    DeviceMemory.Block before = results;
    MemorySegment imageBefore = image;
    allocate(capacity);
    gpu.queue().copy(before.address(), results.address(), ROW_BYTES * rows);
    gpu.queue().await(crossed);
    MemorySegment.copy(imageBefore, 0, image, 0, ROW_BYTES * rows);
    gpu.driver().freePinned(imageBefore);
    before.close();
  }

  private long address(int row) {
    return results.address() + ROW_BYTES * row;
  }

  /** Sends for the results that are being written where {@link #room} said. */
  void add(int count, int itsVocabulary) {
    gpu.queue()
        .copyToHost(address(rows), image.asSlice(ROW_BYTES * rows, ROW_BYTES * count), crossed);
    rows += count;
    vocabulary = Math.max(vocabulary, itsVocabulary);
    known = false;
  }

  /** Whether the device has tokens of this GPU's that the host has not. */
  boolean underWay(Gpu whose) {
    return !known && gpu == whose;
  }

  /** The device address of the results. */
  long results() {
    return results.address();
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int vocabulary() {
    return vocabulary;
  }

  @Override
  public void reset() {
    rows = 0;
    vocabulary = 0;
    known = true;
  }

  @Override
  public boolean known() {
    return known;
  }

  @Override
  public int token(int row) {
    return result(row, 0);
  }

  @Override
  public float logprob(int row) {
    return Float.intBitsToFloat(result(row, 1));
  }

  private int result(int row, int field) {
    int at = FIELDS * Objects.checkIndex(row, rows);
    if (!known) {
      gpu.queue().await(crossed);
      known = true;
    }
    switch (image.getAtIndex(ValueLayout.JAVA_INT, at + 2)) {
      case NOT_FINITE ->
          throw new IllegalArgumentException("logits: row " + row + " is not finite");
      case ALL_SUPPRESSED ->
          throw new IllegalArgumentException("sampling: every token is suppressed");
      default -> {
        return image.getAtIndex(ValueLayout.JAVA_INT, at + field);
      }
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      reset();
      gpu.queue().await(crossed);
      gpu.driver().freePinned(image);
      results.close();
      gpu.driver().destroyEvent(crossed);
    }
  }
}
