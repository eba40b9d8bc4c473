package io.whetstone.cuda;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.io.PrintStream;
import java.util.Locale;

/**
 * Times each kernel and prints what part of the device's limit it reaches. Limits are measured in
 * the same run: the rate of the driver's copy between two large arrays, and that of a large square
 * product. A share says how far a kernel is from them, so that it can be read on any GPU.
 */
public final class KernelBenchmark {
  /** Calls before the clock starts: compilation, self-checks, caches. */
  private static final int WARM_UP = 2;

  /** A kernel is repeated for about so long. */
  private static final double SECONDS = 0.05;

  private static final int MOST_CALLS = 1000;

  /** What a kernel is compared with. */
  private record Limits(double bytesPerSecond, double operationsPerSecond) {}

  private final Backend backend;
  private final PrintStream out;
  private final double seconds;
  private final Workspace memory;
  private final Tensor one;

  private KernelBenchmark(Backend backend, PrintStream out, double seconds, Workspace memory) {
    this.backend = backend;
    this.out = out;
    this.seconds = seconds;
    this.memory = memory;
    this.one = memory.zeros(DType.F32, 1);
  }

  /** Measures a model of about four billion parameters: needs 20 GB of the device's memory. */
  public static void run(Backend backend, PrintStream out) {
    run(backend, KernelCases.Size.GPU, SECONDS, 1 << 28, 8192, out);
  }

  /** Runs every kernel on a small size, where times say nothing. */
  public static void runTiny(Backend backend, PrintStream out) {
    run(backend, KernelCases.Size.TINY, 0, 1 << 10, 64, out);
  }

  private static void run(
      Backend backend,
      KernelCases.Size size,
      double seconds,
      int copied,
      int side,
      PrintStream out) {
    try (Workspace memory = backend.workspace("kernel benchmark")) {
      KernelBenchmark benchmark = new KernelBenchmark(backend, out, seconds, memory);
      Limits limits = benchmark.limits(copied, side);
      KernelCases.forEach(backend, size, measured -> benchmark.measure(measured, limits));
    }
  }

  private Limits limits(int copied, int side) {
    long mark = memory.mark();
    Tensor from = memory.zeros(DType.F32, copied);
    Tensor to = memory.zeros(DType.F32, copied);
    double copy = time(() -> backend.copy(from, to));
    memory.release(mark);
    Tensor weight = KernelCases.normal(backend, memory, DType.BF16, side, side);
    Tensor x = KernelCases.normal(backend, memory, DType.BF16, side, side);
    Tensor y = KernelCases.normal(backend, memory, DType.BF16, side, side);
    double product;
    try (Linear linear = backend.linear(weight, DType.BF16)) {
      product = time(() -> backend.linearForward(linear, x, y, false));
    }
    memory.release(mark);
    Limits limits = new Limits(8d * copied / copy, 2d * side * side * side / product);
    print(
        "%s%nlimits measured in this run: a copy moves %.0f GB/s, a product of %d×%d BF16"
            + " numbers makes %.1f TFLOP/s%n",
        backend.description(),
        limits.bytesPerSecond() / 1e9,
        side,
        side,
        limits.operationsPerSecond() / 1e12);
    return limits;
  }

  private void measure(KernelCases.Case measured, Limits limits) {
    double time = time(measured.call());
    double bytes = measured.bytes() / time;
    double operations = measured.operations() / time;
    double share =
        operations > 0
            ? operations / limits.operationsPerSecond()
            : bytes / limits.bytesPerSecond();
    print(
        "%-34s %10.1f µs %10s %5.0f %% of %s%n",
        measured.name(),
        time * 1e6,
        operations > 0
            ? String.format(Locale.ROOT, "%.1f TFLOP/s", operations / 1e12)
            : String.format(Locale.ROOT, "%.0f GB/s", bytes / 1e9),
        100 * share,
        operations > 0 ? "the product" : "the copy");
  }

  private void print(String format, Object... values) {
    out.print(String.format(Locale.ROOT, format, values));
    out.flush();
  }

  /** Seconds a call takes when the device has the next one waiting. */
  private double time(Runnable call) {
    for (int i = 0; i < WARM_UP; i++) {
      call.run();
    }
    double once = time(call, 1);
    int calls = (int) Math.clamp(seconds / once, 1, MOST_CALLS);
    return time(call, calls);
  }

  private double time(Runnable call, int calls) {
    await();
    long begin = System.nanoTime();
    for (int i = 0; i < calls; i++) {
      call.run();
    }
    await();
    return (System.nanoTime() - begin) * 1e-9 / calls;
  }

  /** Reads a number, which waits for everything before it. */
  private void await() {
    backend.readFloats(one);
  }
}
