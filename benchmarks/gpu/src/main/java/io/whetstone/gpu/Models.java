package io.whetstone.gpu;

import io.whetstone.trainer.benchmark.Workload;
import io.whetstone.trainer.config.FromScratch;

/** The shapes that are tried, with random weights. */
final class Models {
  /** Seconds on the stand-in. */
  static final Workload TINY = workload("tiny", 64, 64, 2, 4, 2, 96, 256, 2, 2, 12, 6, 4);

  /** Two layers with heads of 64 numbers, as Qwen2.5-0.5B has them. */
  static final Workload HEADS_OF_64 =
      workload("heads-of-64", 20_000, 896, 2, 14, 2, 4864, 1024, 4, 4, 64, 200, 64);

  /** Two layers with heads of 128 numbers, as Qwen2.5-7B has them. */
  static final Workload HEADS_OF_128 =
      workload("heads-of-128", 20_000, 1024, 2, 8, 2, 2816, 1024, 4, 4, 64, 200, 64);

  /** 494 M parameters: Qwen2.5-0.5B's; decoding is of 256 sequences at a context of 1,024. */
  static final Workload HALF_BILLION =
      workload("qwen-0.5b", 151_936, 896, 24, 14, 2, 4864, 4096, 8, 8, 256, 256, 64);

  /** 7.6 G parameters: Qwen2.5-7B's. */
  static final Workload SEVEN_BILLION =
      workload("qwen-7b", 152_064, 3584, 28, 28, 4, 18_944, 4096, 4, 8, 256, 256, 64);

  private Models() {}

  private static Workload workload(
      String name,
      int vocabulary,
      int hidden,
      int layers,
      int heads,
      int keyValues,
      int feedForward,
      int positions,
      int groups,
      int groupSize,
      int prompt,
      int completion,
      int decoded) {
    boolean tied = hidden < 2048;
    FromScratch shape =
        Workload.shape(hidden, layers, heads, keyValues, feedForward, positions, tied);
    return new Workload(
        name, vocabulary, shape, groups, groupSize, prompt, completion, decoded, 8192);
  }
}
