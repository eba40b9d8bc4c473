package io.whetstone.trainer.command;

import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.DType;
import io.whetstone.trainer.config.Drawing;
import io.whetstone.trainer.config.Evaluation;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.config.Stage;

/**
 * What a run will take, to about a tenth: F32 weights, gradients and AdamW's two moments (16 bytes
 * a parameter) and the weights as products take them (twice that type), a reference policy's
 * weights where one is held, a micro-batch's activations, the key/value cache of the sequences in
 * flight, and the Java heap.
 */
final class MemoryEstimate {
  private static final int TRAINED = 16;

  /** Heap that a run of this size reaches; most of the process's heap limit stays unused. */
  private static final long HEAP = 512L << 20;

  private final Experiment experiment;
  private final ModelConfig model;

  MemoryEstimate(Experiment experiment, ModelConfig model) {
    this.experiment = experiment;
    this.model = model;
  }

  void report(Findings findings) {
    DType compute = experiment.precision().compute();
    // Weights are prepared for products in the type of these, for the forward and the backward.
    long weights = (TRAINED + 2L * compute.bytes()) * model.parameters();
    long activations = 0;
    long cache = 0;
    for (Stage stage : experiment.stages()) {
      int rows = stage.optimization().microBatchTokens();
      long taken =
          Transformer.activationBytes(
              model, compute, experiment.recomputeActivations(), rows, rows);
      activations = Math.max(activations, taken);
      if (stage.drawing().isPresent()) {
        Drawing drawing = stage.drawing().get();
        long length = Math.min(model.maxPositions(), 2L * drawing.decoding().maxTokens());
        cache = Math.max(cache, cacheBytes(drawing.rolloutsInFlight(), length));
      }
      if (stage instanceof Grpo grpo && grpo.kl().coefficient() > 0) {
        weights += 2L * compute.bytes() * model.parameters();
      }
    }
    if (experiment.average().isPresent()) {
      weights += 3L * Float.BYTES * model.parameters();
    }
    long evaluated =
        experiment.evaluation().map(Evaluation::decoding).map(d -> (long) d.maxTokens()).orElse(0L);
    cache = Math.max(cache, cacheBytes(64, Math.min(model.maxPositions(), 2 * evaluated)));
    long total = weights + activations + cache + HEAP;
    findings.say(
        "memory",
        "about "
            + Findings.bytes(total)
            + ": weights and optimizer "
            + Findings.bytes(weights)
            + ", activations "
            + Findings.bytes(activations)
            + ", cache "
            + Findings.bytes(cache)
            + ", heap "
            + Findings.bytes(HEAP));
    long there = DoctorCommand.physicalMemory();
    if (there > 0 && total > there) {
      findings.problem(
          "memory: about "
              + Findings.bytes(total)
              + " are needed, the machine has "
              + Findings.bytes(there)
              + "; lower micro-batch-tokens or rollouts-in-flight, or take a smaller model");
    }
  }

  /** Keys and values, of the type that products are made in. */
  private long cacheBytes(long sequences, long length) {
    return 2L
        * experiment.precision().compute().bytes()
        * model.layers()
        * model.heads().keyValues()
        * model.heads().size()
        * sequences
        * length;
  }
}
