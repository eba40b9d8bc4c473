package io.whetstone.cuda;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Tensor;

/**
 * Logprobs and entropies of tokens under the head, in chunks of rows, by parts of its vocabulary.
 * What is kept of logits is bounded by {@link #MOST_LOGITS}, 4 bytes each and 2 more for a rounded
 * gradient, whatever the rows and the vocabulary.
 */
final class TokenLogprobs {
  private static final String FILE = "head.cu";

  /** Logits of a block, as in log_softmax.h; parts are made of whole ones. */
  static final int BLOCK = 4096;

  /** Threads that sum a block. */
  static final int LANES = 16;

  static final int THREADS = 128;

  /** Tokens of a part. */
  private static final int PART = 8 * BLOCK;

  /** 256 MiB of them: 2,048 rows of a part. */
  private static final int MOST_LOGITS = 1 << 26;

  /** A grid has at most 65,535 rows of blocks. */
  private static final int MOST_ROWS = 1 << 15;

  private static final int MOST_THREADS = 256;

  /** Tokens of a row whose gradients a thread makes. */
  private static final int TOKENS_OF_THREAD = 8;

  private final Gpu gpu;
  private final Products products;
  private final int part;
  private final int mostLogits;

  TokenLogprobs(Gpu gpu, Products products) {
    this(gpu, products, PART, MOST_LOGITS);
  }

  /**
   * @param part tokens of a part, a multiple of {@link #BLOCK}
   * @param mostLogits at once
   */
  TokenLogprobs(Gpu gpu, Products products, int part, int mostLogits) {
    this.gpu = gpu;
    this.products = products;
    this.part = part;
    this.mostLogits = mostLogits;
  }

  void tokenLogprobs(
      Linear head,
      Tensor x,
      int[] targets,
      float softCap,
      float temperature,
      Tensor logprobs,
      Tensor entropy,
      Tensor logSumExp) {
    CudaLinear linear = own(head);
    int vocabulary = head.out();
    int chunk = chunkRows(vocabulary, targets.length);
    int blocks = Math.ceilDiv(vocabulary, BLOCK);
    long z = logits(vocabulary, chunk);
    long sums = gpu.temporaries().reserve("logprobs of blocks", 20L * chunk * blocks);
    long weighted = sums + 8L * chunk * blocks;
    long maxes = weighted + 8L * chunk * blocks;
    long targetsAt = gpu.control().ints(targets);
    float inverse = 1 / temperature;
    for (int first = 0; first < targets.length; first += chunk) {
      int rows = Math.min(chunk, targets.length - first);
      long at = 4L * first;
      for (int token = 0; token < vocabulary; token += part) {
        int width = Math.min(part, vocabulary - token);
        products.forward(linear, rowsOf(x, first), rows, token, width, z, DType.F32, false);
        gpu.kernel(FILE, "headBlocks")
            .begin()
            .pointer(z)
            .integer(rows)
            .integer(token)
            .integer(width)
            .integer(vocabulary)
            .number(inverse)
            .number(softCap)
            .pointer(targetsAt + at)
            .pointer(sums)
            .pointer(weighted)
            .pointer(maxes)
            .pointer(DeviceMemory.address(logprobs) + at)
            .launch(blocksOfThreads((long) rows * Math.ceilDiv(width, BLOCK) * LANES), THREADS);
      }
      gpu.kernel(FILE, "headFinish")
          .begin()
          .integer(rows)
          .integer(blocks)
          .number(inverse)
          .pointer(sums)
          .pointer(weighted)
          .pointer(maxes)
          .pointer(DeviceMemory.address(logprobs) + at)
          .pointer(DeviceMemory.address(entropy) + at)
          .pointer(DeviceMemory.address(logSumExp) + at)
          .launch(blocksOfThreads(rows), THREADS);
    }
  }

  /**
   * The logits are computed again, for some rows and a part of the vocabulary at a time: keeping
   * them would take T × V numbers.
   */
  void tokenLogprobsBackward(
      Linear head,
      Tensor x,
      int[] targets,
      float softCap,
      float temperature,
      Tensor entropy,
      Tensor logSumExp,
      float[] dLogprobs,
      float[] dEntropy,
      Tensor dx,
      Tensor dHead) {
    CudaLinear linear = own(head);
    DType type = head.dtype();
    int vocabulary = head.out();
    int chunk = chunkRows(vocabulary, targets.length);
    long z = logits(vocabulary, chunk);
    boolean rounded = type == DType.BF16;
    long size = (long) Math.min(part, vocabulary) * chunk;
    long dz = rounded ? gpu.temporaries().reserve("gradients of logits", type.bytes() * size) : z;
    long targetsAt = gpu.control().ints(targets);
    long dLogprobsAt = gpu.control().floats(dLogprobs);
    long dEntropyAt = gpu.control().floats(dEntropy);
    for (int first = 0; first < targets.length; first += chunk) {
      int rows = Math.min(chunk, targets.length - first);
      long at = 4L * first;
      long dxAt = DeviceMemory.address(dx) + at * head.in();
      for (int token = 0; token < vocabulary; token += part) {
        int width = Math.min(part, vocabulary - token);
        products.forward(linear, rowsOf(x, first), rows, token, width, z, DType.F32, false);
        int threads = Math.min(MOST_THREADS, Math.ceilDiv(width, 32) * 32);
        gpu.kernel(FILE, "headGradient" + PackedAttention.suffix(type))
            .begin()
            .pointer(z)
            .integer(token)
            .integer(width)
            .number(1 / temperature)
            .number(softCap)
            .pointer(targetsAt + at)
            .pointer(DeviceMemory.address(entropy) + at)
            .pointer(DeviceMemory.address(logSumExp) + at)
            .pointer(dLogprobsAt + at)
            .pointer(dEntropyAt + at)
            .pointer(dz)
            .launch(Math.ceilDiv(width, threads * TOKENS_OF_THREAD), rows, threads, 0);
        products.backwardInput(linear, token, width, dz, rows, dxAt, DType.F32, token > 0);
        if (dHead != null) {
          long dw = DeviceMemory.address(dHead) + 4L * head.in() * token;
          products.backwardWeight(type, rowsOf(x, first), head.in(), dz, width, rows, dw);
        }
      }
    }
  }

  private static CudaLinear own(Linear head) {
    if (head instanceof CudaLinear own) {
      return own;
    }
    throw new IllegalArgumentException("not a linear of the cuda backend: " + head.getClass());
  }

  private static long rowsOf(Tensor x, int first) {
    return DeviceMemory.address(x) + x.dtype().bytes(x.columns()) * first;
  }

  private long logits(int vocabulary, int chunk) {
    return gpu.temporaries().reserve("logits", 4L * Math.min(part, vocabulary) * chunk);
  }

  /** Of a vocabulary alone where there are more rows, since it cuts the sums of dHead. */
  private int chunkRows(int vocabulary, int rows) {
    return Math.min(rows, Math.clamp(mostLogits / Math.min(part, vocabulary), 1, MOST_ROWS));
  }

  private static int blocksOfThreads(long threads) {
    return Math.toIntExact(Math.ceilDiv(threads, (long) THREADS));
  }
}
