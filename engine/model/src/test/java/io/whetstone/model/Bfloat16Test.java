package io.whetstone.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.model.Batches.Packed;
import io.whetstone.model.Batches.Result;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Workspace;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Products in BF16 beside products in F32, and beside weights that are BF16 themselves. */
class Bfloat16Test {
  private static final ModelConfig CONFIG = Batches.config(false, true);

  private Backend backend;
  private Transformer model;
  private final Packed batch = Batches.pack(Batches.sequences(2, 4, CONFIG.vocabulary(), 5), true);

  @BeforeEach
  void open() {
    backend = Backends.open("cpu", 2);
    model = Batches.model(backend, CONFIG, DType.BF16);
  }

  @AfterEach
  void close() {
    model.close();
    backend.close();
  }

  /** A bfloat16 has 8 bits: a rounding is off by up to 0.4 %, and a few of them add up. */
  @Test
  void gradientsAreNearThoseInF32() {
    try (Transformer single = Batches.model(backend, CONFIG, DType.F32)) {
      Result expected = Batches.run(single, List.of(batch));
      Result got = Batches.run(model, List.of(batch));
      expected
          .logprobs()
          .forEach(
              (sequence, logprobs) -> {
                for (int t = 0; t < logprobs.length; t++) {
                  assertEquals(logprobs[t], got.logprobs().get(sequence)[t], 0.15);
                }
              });
      Distance.assertNear(got.gradients(), expected.gradients(), 0.03);
    }
  }

  /** What makes a reference model the policy to the bit. */
  @Test
  void weightsHeldInBfloat16GiveTheSameBits() {
    try (Transformer frozen = Transformer.create(backend, CONFIG, DType.BF16, false);
        Workspace workspace = backend.workspace("test")) {
      frozen.copyWeightsFrom(model);
      assertEquals(DType.BF16, frozen.parameters().getFirst().value().dtype());
      assertEquals(DType.F32, model.parameters().getFirst().value().dtype());
      Logprobs expected = evaluate(model, workspace);
      Logprobs got = evaluate(frozen, workspace);
      assertArrayEquals(expected.logprobs(), got.logprobs());
      assertArrayEquals(expected.entropy(), got.entropy());
    }
  }

  @Test
  void theResidualStreamAndLogitsStaySingle() {
    try (Workspace workspace = backend.workspace("test")) {
      Scored scored =
          model.score(
              batch.tokens(), batch.rows(), batch.targets(), Batches.TEMPERATURE, workspace);
      assertTrue(scored.layers.stream().allMatch(kept -> kept.output().dtype() == DType.F32));
      assertEquals(DType.BF16, scored.head.normed().dtype());
      assertEquals(DType.F32, model.logits(scored.head.normed(), workspace).dtype());
    }
    model.gradients().values().forEach(g -> assertEquals(DType.F32, g.dtype()));
  }

  private Logprobs evaluate(Transformer of, Workspace workspace) {
    return of.evaluate(
        batch.tokens(), batch.rows(), batch.targets(), Batches.TEMPERATURE, workspace);
  }
}
