package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The products C = A B, written, added or rounded, for one shape of a panel B [k, n], any number of
 * rows.
 *
 * <p>A primitive is for one number of rows, so rows are cut into a few sizes. oneDNN does not
 * promise that a row's bits are the same in each; so before a size is first used it must reproduce
 * the bits of the reference size on random numbers, and a size that does not is never used. What
 * then is too few rows for any size is padded.
 */
final class PanelProducts {
  /** Numbers of rows that primitives are made for, largest first. */
  static final int[] SIZES = {
    512, 384, 256, 192, 128, 96, 64, 56, 48, 40, 32, 24, 16, 12, 8, 7, 6, 5, 4, 3, 2, 1
  };

  /** Must be among the sizes. */
  static final int REFERENCE = 64;

  /** Rows are checked at another place of the reference's than their own. */
  private static final int SHIFT = 5;

  /** A prime. */
  private static final int RANDOM_NUMBERS = 8191;

  /**
   * What a panel looks like; A and B are of one type.
   *
   * @param cColumns columns of C, of which the panel makes n
   * @param bColumns B's rows lie so many elements apart; 0 for the layout that oneDNN likes best
   */
  record Panel(DType dtype, int k, int n, int bColumns, int cColumns) {
    long aBytes(long rows) {
      return dtype.bytes() * rows * k;
    }

    /** From row 0 to this row of C. */
    long cBytes(long rows, Result result) {
      return result.bytes() * rows * cColumns;
    }
  }

  private final OneDnn dnn;
  private final int[] sizes;
  private final int slots;
  private final Panel panel;
  private final DnnlPrimitive[] references = new DnnlPrimitive[Result.values().length];
  private final AtomicReferenceArray<Size> made;
  private int pairChunk = -1;

  /** {@code primitive} is null where the size must not be used. */
  private record Size(DnnlPrimitive primitive) {}

  /**
   * @param layout of B, for the caller to free
   * @param sizes numbers of rows to make primitives for, largest first
   */
  PanelProducts(OneDnn dnn, int slots, Panel panel, long layout, int... sizes) {
    this.sizes = sizes;
    this.made = new AtomicReferenceArray<>(sizes.length * references.length);
    this.dnn = dnn;
    this.slots = slots;
    this.panel = panel;
    references[Result.F32.ordinal()] = primitive(REFERENCE, layout, Result.F32);
    for (Result result : Result.values()) {
      if (result != Result.F32 && (result.dtype() == DType.F32 || panel.dtype == DType.BF16)) {
        references[result.ordinal()] = primitive(REFERENCE, layout(), result);
      }
    }
  }

  Panel panel() {
    return panel;
  }

  /** The layout of a packed panel. */
  long layout() {
    return references[Result.F32.ordinal()].weights();
  }

  /** False where not even the reference size gives a row the same bits at every place. */
  boolean usable(DnnlSlot slot) {
    int s = Arrays.stream(sizes).boxed().toList().indexOf(REFERENCE);
    return Arrays.stream(Result.values())
        .filter(result -> references[result.ordinal()] != null)
        .allMatch(result -> size(slot, s, result) != null);
  }

  /** A [rows, k] at {@code a}, the packed panel at {@code b}, C's first column at {@code c}. */
  void multiply(DnnlSlot slot, long a, int rows, long b, long c, Result result) {
    int done = 0;
    for (int s = 0; s < sizes.length && done < rows; s++) {
      while (rows - done >= sizes[s]) {
        DnnlPrimitive primitive = size(slot, s, result);
        if (primitive == null) {
          break;
        }
        primitive.run(slot, a + panel.aBytes(done), b, c + panel.cBytes(done, result));
        done += sizes[s];
      }
    }
    if (done < rows) {
      long rest = c + panel.cBytes(done, result);
      padded(slot, a + panel.aBytes(done), rows - done, b, rest, result);
    }
  }

  /**
   * The chunks of k with which {@link PairProducts} give the same bits, tried on random numbers; 0
   * where they do not, or where the panel is no {@link PairMatrix}.
   */
  int pairChunk(DnnlSlot slot, PairProducts pairs) {
    if (pairChunk < 0) {
      boolean laidOut = dnn.bytes(layout()) == PairMatrix.bytes(panel.k, panel.n);
      pairChunk =
          panel.dtype == DType.BF16 && panel.bColumns == 0 && laidOut
              ? new PairCheck(panel, references, slot, pairs).chunk()
              : 0;
    }
    return pairChunk;
  }

  void close() {
    for (int i = 0; i < made.length(); i++) {
      Size size = made.get(i);
      if (size != null && size.primitive != null) {
        size.primitive.close();
      }
    }
    for (DnnlPrimitive reference : references) {
      if (reference != null) {
        reference.close();
      }
    }
  }

  /** Fewer rows than any size has: the smallest one, on copies with rows of zeros. */
  private void padded(DnnlSlot slot, long a, int rows, long b, long c, Result result) {
    int s = sizes.length - 1;
    while (sizes[s] < rows || size(slot, s, result) == null) {
      s--;
    }
    long aBytes = panel.aBytes(sizes[s]);
    long cOffset = (aBytes + Allocation.ALIGNMENT - 1) & -Allocation.ALIGNMENT;
    long aPadded = slot.padding(cOffset + panel.cBytes(sizes[s], result));
    long cPadded = aPadded + cOffset;
    long width = (long) result.bytes() * panel.n;
    Memory.copy(a, aPadded, panel.aBytes(rows));
    Memory.zero(aPadded + panel.aBytes(rows), aBytes - panel.aBytes(rows));
    for (int r = 0; r < sizes[s]; r++) {
      long row = cPadded + panel.cBytes(r, result);
      if (result == Result.F32_ADDED && r < rows) {
        Memory.copy(c + panel.cBytes(r, result), row, width);
      } else {
        Memory.zero(row, width);
      }
    }
    size(slot, s, result).run(slot, aPadded, b, cPadded);
    for (int r = 0; r < rows; r++) {
      Memory.copy(cPadded + panel.cBytes(r, result), c + panel.cBytes(r, result), width);
    }
  }

  private DnnlPrimitive size(DnnlSlot slot, int s, Result result) {
    int i = s * references.length + result.ordinal();
    Size size = made.get(i);
    if (size == null) {
      synchronized (made) {
        size = made.get(i);
        if (size == null) {
          // Rounding hides what differs, so rounded rows need the sums' check too.
          boolean possible = result != Result.BF16 || size(slot, s, Result.F32) != null;
          size = new Size(possible ? checked(slot, sizes[s], result) : null);
          made.set(i, size);
        }
      }
    }
    return size.primitive;
  }

  private DnnlPrimitive checked(DnnlSlot slot, int rows, Result result) {
    DnnlPrimitive primitive = primitive(rows, layout(), result);
    if (reproducesReference(slot, primitive, rows, result)) {
      return primitive;
    }
    primitive.close();
    return null;
  }

  private DnnlPrimitive primitive(int rows, long b, Result result) {
    OneDnn.useOneThread();
    long a = dnn.matrix(panel.dtype, rows, panel.k, panel.k, 1);
    long c = dnn.matrix(result.dtype(), rows, panel.n, panel.cColumns, 1);
    try {
      return DnnlPrimitive.product(dnn, slots, a, b, c, result == Result.F32_ADDED);
    } finally {
      dnn.destroyMatrix(a);
      dnn.destroyMatrix(c);
    }
  }

  /** Compares rows SHIFT … SHIFT + rows of A, once in pieces of the reference's size. */
  private boolean reproducesReference(
      DnnlSlot slot, DnnlPrimitive primitive, int rows, Result result) {
    int pieces = (SHIFT + rows + REFERENCE - 1) / REFERENCE;
    long aBytes = panel.aBytes((long) REFERENCE * pieces);
    long cBytes = panel.cBytes((long) REFERENCE * pieces, result);
    long bBytes = dnn.bytes(layout());
    try (Allocation room =
        new Allocation(bBytes + aBytes + 2 * cBytes, "the check of a product's rows")) {
      long b = room.address();
      long a = b + bBytes;
      long expected = a + aBytes;
      long got = expected + cBytes;
      // Any numbers serve as a packed panel.
      random(panel.dtype, b, bBytes + aBytes, 1);
      random(result.dtype(), expected, cBytes, 2);
      Memory.copy(expected, got, cBytes);
      DnnlPrimitive by = references[result.ordinal()];
      for (int r = 0; r < REFERENCE * pieces; r += REFERENCE) {
        by.run(slot, a + panel.aBytes(r), b, expected + panel.cBytes(r, result));
      }
      primitive.run(slot, a + panel.aBytes(SHIFT), b, got + panel.cBytes(SHIFT, result));
      for (int r = SHIFT; r < SHIFT + rows; r++) {
        long row = panel.cBytes(r, result);
        if (!Memory.same(expected + row, got + row, (long) result.bytes() * panel.n)) {
          return false;
        }
      }
      return true;
    }
  }

  /** Some random numbers in [−1, 1), over and over; their number divides no row. */
  static void random(DType dtype, long address, long bytes, long seed) {
    long state = seed;
    long made = Math.min((long) RANDOM_NUMBERS * dtype.bytes(), bytes);
    for (long at = address; at < address + made; at += dtype.bytes()) {
      state = state * 6364136223846793005L + 1442695040888963407L;
      float number = (state >> 40) * 0x1p-23f;
      if (dtype == DType.F32) {
        Memory.set(at, number);
      } else {
        Memory.setShort(at, Elementwise.toBfloat16(number));
      }
    }
    while (made < bytes) {
      long more = Math.min(made, bytes - made);
      Memory.copy(address, address + made, more);
      made += more;
    }
  }
}
