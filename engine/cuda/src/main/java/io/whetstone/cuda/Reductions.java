package io.whetstone.cuda;

import io.whetstone.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Sums and tests over all elements; the caller waits for their result. */
final class Reductions {
  private static final String FILE = "reduce.cu";

  /** Elements whose squares one block sums: {@code CHUNK} of the kernels. */
  private static final int CHUNK = 1 << 14;

  private final Gpu gpu;
  private final Kernel sumOfSquares;
  private final Kernel sumOfSums;
  private final Kernel findBroken;
  private final MemorySegment result = Arena.ofAuto().allocate(ValueLayout.JAVA_DOUBLE);

  Reductions(Gpu gpu) {
    this.gpu = gpu;
    sumOfSquares = gpu.kernel(FILE, "sumOfSquares");
    sumOfSums = gpu.kernel(FILE, "sumOfSums");
    findBroken = gpu.kernel(FILE, "findBroken");
  }

  /** Each chunk alone, then the chunks by one block: an order that depends on the size only. */
  double sumOfSquares(Tensor x) {
    if (x.size() == 0) {
      return 0;
    }
    int chunks = Math.toIntExact(Math.ceilDiv(x.size(), (long) CHUNK));
    long total = gpu.temporaries().reserve("sums of squares", 8L * (chunks + 1));
    long sums = total + 8;
    sumOfSquares
        .begin()
        .tensor(x)
        .longInteger(x.size())
        .integer(Alignment.whole(DeviceMemory.address(x)))
        .pointer(sums)
        .launch(chunks, FlatGrid.THREADS);
    sumOfSums.begin().pointer(sums).integer(chunks).pointer(total).launch(1, FlatGrid.THREADS);
    gpu.queue().copyToHost(total, result);
    return result.get(ValueLayout.JAVA_DOUBLE, 0);
  }

  boolean allFinite(Tensor x) {
    if (x.size() == 0) {
      return true;
    }
    long broken = gpu.temporaries().reserve("a broken number", Integer.BYTES);
    gpu.queue().fill(broken, 0, 1);
    findBroken
        .begin()
        .tensor(x)
        .longInteger(x.size())
        .integer(Alignment.whole(DeviceMemory.address(x)))
        .pointer(broken)
        .launch(FlatGrid.blocks(gpu, x.size(), 4), FlatGrid.THREADS);
    gpu.queue().copyToHost(broken, result.asSlice(0, Integer.BYTES));
    return result.get(ValueLayout.JAVA_INT, 0) == 0;
  }
}
