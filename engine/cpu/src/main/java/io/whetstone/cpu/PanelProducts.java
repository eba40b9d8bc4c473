package io.whetstone.cpu;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The products C = A B and C += A B for one shape of a packed panel B [k, n], any number of rows.
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

  private final OneDnn dnn;
  private final int[] sizes;
  private final int slots;
  private final int k;
  private final int n;
  private final int cColumns;
  private final DnnlPrimitive reference;
  private final DnnlPrimitive accumulatingReference;
  private final AtomicReferenceArray<Size> plain;
  private final AtomicReferenceArray<Size> accumulating;

  /** {@code primitive} is null where the size must not be used. */
  private record Size(DnnlPrimitive primitive) {}

  /**
   * @param cColumns columns of C, of which the panel makes n
   * @param sizes numbers of rows to make primitives for, largest first
   */
  PanelProducts(OneDnn dnn, int slots, int k, int n, int cColumns, int... sizes) {
    this.sizes = sizes;
    this.plain = new AtomicReferenceArray<>(sizes.length);
    this.accumulating = new AtomicReferenceArray<>(sizes.length);
    this.dnn = dnn;
    this.slots = slots;
    this.k = k;
    this.n = n;
    this.cColumns = cColumns;
    long anyLayout = dnn.matrixOfAnyLayout(k, n);
    reference = primitive(REFERENCE, anyLayout, false);
    dnn.destroyMatrix(anyLayout);
    accumulatingReference = primitive(REFERENCE, reference.weights(), true);
  }

  /** The layout of a packed panel. */
  long layout() {
    return reference.weights();
  }

  /** False where not even the reference size gives a row the same bits at every place. */
  boolean usable(DnnlSlot slot) {
    int s = Arrays.stream(sizes).boxed().toList().indexOf(REFERENCE);
    return size(slot, s, false) != null && size(slot, s, true) != null;
  }

  /** A [rows, k] at {@code a}, the packed panel at {@code b}, C's first column at {@code c}. */
  void multiply(DnnlSlot slot, long a, int rows, long b, long c, boolean accumulate) {
    int done = 0;
    for (int s = 0; s < sizes.length && done < rows; s++) {
      while (rows - done >= sizes[s]) {
        DnnlPrimitive primitive = size(slot, s, accumulate);
        if (primitive == null) {
          break;
        }
        primitive.run(slot, a + 4L * k * done, b, c + 4L * cColumns * done);
        done += sizes[s];
      }
    }
    if (done < rows) {
      padded(slot, a + 4L * k * done, rows - done, b, c + 4L * cColumns * done, accumulate);
    }
  }

  void close() {
    for (int s = 0; s < sizes.length; s++) {
      close(plain.get(s));
      close(accumulating.get(s));
    }
    reference.close();
    accumulatingReference.close();
  }

  private static void close(Size size) {
    if (size != null && size.primitive != null) {
      size.primitive.close();
    }
  }

  /** Fewer rows than any size has: the smallest one, on copies with rows of zeros. */
  private void padded(DnnlSlot slot, long a, int rows, long b, long c, boolean accumulate) {
    int s = sizes.length - 1;
    while (sizes[s] < rows || size(slot, s, accumulate) == null) {
      s--;
    }
    long aBytes = 4L * k * sizes[s];
    long aPadded = slot.padding(aBytes + 4L * cColumns * sizes[s]);
    long cPadded = aPadded + aBytes;
    Memory.copy(a, aPadded, 4L * k * rows);
    Memory.zero(aPadded + 4L * k * rows, aBytes - 4L * k * rows);
    for (int r = 0; r < sizes[s]; r++) {
      if (accumulate && r < rows) {
        Memory.copy(c + 4L * cColumns * r, cPadded + 4L * cColumns * r, 4L * n);
      } else {
        Memory.zero(cPadded + 4L * cColumns * r, 4L * n);
      }
    }
    size(slot, s, accumulate).run(slot, aPadded, b, cPadded);
    for (int r = 0; r < rows; r++) {
      Memory.copy(cPadded + 4L * cColumns * r, c + 4L * cColumns * r, 4L * n);
    }
  }

  private DnnlPrimitive size(DnnlSlot slot, int s, boolean accumulate) {
    AtomicReferenceArray<Size> made = accumulate ? accumulating : plain;
    Size size = made.get(s);
    if (size == null) {
      synchronized (made) {
        size = made.get(s);
        if (size == null) {
          size = new Size(checked(slot, sizes[s], accumulate));
          made.set(s, size);
        }
      }
    }
    return size.primitive;
  }

  private DnnlPrimitive checked(DnnlSlot slot, int rows, boolean accumulate) {
    DnnlPrimitive primitive = primitive(rows, reference.weights(), accumulate);
    if (reproducesReference(slot, primitive, rows, accumulate)) {
      return primitive;
    }
    primitive.close();
    return null;
  }

  private DnnlPrimitive primitive(int rows, long panel, boolean accumulate) {
    OneDnn.useOneThread();
    long a = dnn.matrix(rows, k, k, 1);
    long c = dnn.matrix(rows, n, cColumns, 1);
    try {
      return DnnlPrimitive.product(dnn, slots, a, panel, c, accumulate);
    } finally {
      dnn.destroyMatrix(a);
      dnn.destroyMatrix(c);
    }
  }

  /** Compares rows SHIFT … SHIFT + rows of A, once in pieces of the reference's size. */
  private boolean reproducesReference(
      DnnlSlot slot, DnnlPrimitive primitive, int rows, boolean accumulate) {
    int pieces = (SHIFT + rows + REFERENCE - 1) / REFERENCE;
    long aBytes = 4L * k * REFERENCE * pieces;
    long cBytes = 4L * cColumns * REFERENCE * pieces;
    long bBytes = dnn.bytes(layout());
    try (Allocation room =
        new Allocation(aBytes + bBytes + 2 * cBytes, "the check of a product's rows")) {
      long b = room.address();
      long a = b + bBytes;
      long expected = a + aBytes;
      long got = expected + cBytes;
      // Any numbers serve as a packed panel.
      random(b, (bBytes + aBytes) / 4, 1);
      random(expected, cBytes / 4, 2);
      Memory.copy(expected, got, cBytes);
      DnnlPrimitive by = accumulate ? accumulatingReference : reference;
      for (int r = 0; r < REFERENCE * pieces; r += REFERENCE) {
        by.run(slot, a + 4L * k * r, b, expected + 4L * cColumns * r);
      }
      primitive.run(slot, a + 4L * k * SHIFT, b, got + 4L * cColumns * SHIFT);
      for (int r = SHIFT; r < SHIFT + rows; r++) {
        long row = 4L * cColumns * r;
        if (!Memory.same(expected + row, got + row, 4L * n)) {
          return false;
        }
      }
      return true;
    }
  }

  /** Some random numbers, over and over; their number divides no row. */
  private static void random(long address, long count, long seed) {
    long state = seed;
    long made = Math.min(RANDOM_NUMBERS, count);
    for (long i = 0; i < made; i++) {
      state = state * 6364136223846793005L + 1442695040888963407L;
      Memory.set(address + 4 * i, (state >> 40) * 0x1p-23f);
    }
    while (made < count) {
      long more = Math.min(made, count - made);
      Memory.copy(address, address + 4 * made, 4 * more);
      made += more;
    }
  }
}
