package io.whetstone.gpu;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.generation.SamplerLimits;
import io.whetstone.model.FrozenTypes;
import io.whetstone.model.ModelConfig;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.trainer.benchmark.Benchmark;
import io.whetstone.trainer.benchmark.Measurement;
import io.whetstone.trainer.benchmark.Repetitions;
import io.whetstone.trainer.benchmark.Row;
import io.whetstone.trainer.benchmark.Workload;
import java.time.Duration;

/**
 * Decoding of 256 sequences at a context of 1,024, sampling included, as a share of the memory's
 * bandwidth: a step reads each weight of its products once, and each sequence its keys and values.
 */
final class Decode {
  private static final int SEQUENCES = 256;
  private static final int CONTEXT = 1024;

  private Decode() {}

  static void halfBillion(Trial trial) throws InterruptedException {
    measure(trial, trial.small() ? Models.TINY : Models.HALF_BILLION, 0.35);
  }

  static void sevenBillion(Trial trial) throws InterruptedException {
    measure(trial, trial.small() ? Models.TINY : Models.SEVEN_BILLION, 0.6);
  }

  /**
   * @param wanted the share that is to be reached on an H200
   */
  private static void measure(Trial trial, Workload model, double wanted)
      throws InterruptedException {
    int context = trial.small() ? 24 : CONTEXT;
    Workload workload = model.atContext(context);
    // The better of two: the first warms up, and each fills the cache anew, which takes time.
    Repetitions repetitions = new Repetitions(Duration.ZERO, 2);
    try (Backend backend = trial.open();
        Benchmark benchmark =
            new Benchmark(
                workload,
                Row.Work.GENERATE,
                backend,
                DType.BF16,
                FrozenTypes.NONE,
                false,
                repetitions)) {
      int sequences = trial.small() ? 4 : fitting(backend, workload);
      Measurement measured = benchmark.run(Row.Work.GENERATE, sequences);
      double steps = measured.best() / sequences;
      double bytes = bytesPerStep(workload.model(), sequences, context);
      Limits limits = Limits.of(backend);
      ObjectNode figures = trial.figures();
      figures.put("sequences", sequences).put("context", context);
      figures.put("tokens-per-second", measured.best());
      figures.put("milliseconds-per-step", 1e3 / steps);
      figures.put("bytes-per-step", bytes);
      figures.put("bytes-per-second", bytes * steps);
      figures.put("share-of-bandwidth", bytes * steps / limits.bytesPerSecond());
      figures.put("share-wanted", wanted);
    }
  }

  /** As many sequences as the device has room for beside the weights, 256 at most. */
  private static int fitting(Backend backend, Workload workload) {
    long position = SamplerLimits.bytesPerPosition(workload.model(), DType.BF16);
    long each = position * (workload.promptTokens() + workload.decodedTokens() + 65L);
    long room = SamplerLimits.most(backend.deviceRoom(), 0);
    return Math.clamp(room / each, 1, SEQUENCES);
  }

  private static double bytesPerStep(ModelConfig model, int sequences, int context) {
    return 2.0 * inProducts(model)
        + (double) sequences * context * SamplerLimits.bytesPerPosition(model, DType.BF16);
  }

  /** Weights that products read: all but an embedding table that is not the head, too. */
  static long inProducts(ModelConfig model) {
    long table = (long) model.vocabulary() * model.hidden();
    return model.parameters() - (model.tiedEmbeddings() ? 0 : table);
  }
}
