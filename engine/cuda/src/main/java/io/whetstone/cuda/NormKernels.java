package io.whetstone.cuda;

/**
 * The kernels of {@code norms.cu} for runs of up to so many columns: {@code group} threads take one
 * and keep {@code kept} vectors of four numbers each, or none, and take runs of any length.
 */
record NormKernels(
    int group,
    int kept,
    Kernel normalizeF32,
    Kernel normalizeRounded,
    Kernel normalizeBf16,
    Kernel addF32,
    Kernel addBf16,
    Kernel backwardF32,
    Kernel backwardBf16) {
  private static final String FILE = "norms.cu";
  private static final int VECTOR = 4;

  /** A block has several groups where these are smaller. */
  private static final int BLOCK = 256;

  static NormKernels of(Gpu gpu, int group, int kept) {
    String[] defines = defines(group, kept);
    return new NormKernels(
        group,
        kept,
        gpu.kernel(FILE, "normalizeF32", defines),
        gpu.kernel(FILE, "normalizeRounded", defines),
        gpu.kernel(FILE, "normalizeBf16", defines),
        gpu.kernel(FILE, "backwardAddF32", defines),
        gpu.kernel(FILE, "backwardAddBf16", defines),
        gpu.kernel(FILE, "backwardF32", defines),
        gpu.kernel(FILE, "backwardBf16", defines));
  }

  /** For the compiler. */
  static String[] defines(int group, int kept) {
    return new String[] {"GROUP=" + group, "KEPT=" + kept};
  }

  /** The longest run. */
  int columns() {
    return kept == 0 ? Integer.MAX_VALUE : group * kept * VECTOR;
  }

  /** Threads of a block. */
  int threads() {
    return Math.max(group, BLOCK);
  }

  /** Groups of a block. */
  int groups() {
    return threads() / group;
  }
}
