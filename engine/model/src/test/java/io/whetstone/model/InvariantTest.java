package io.whetstone.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.model.Batches.Packed;
import io.whetstone.model.Batches.Result;
import io.whetstone.model.Batches.Sequence;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Workspace;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How sequences are packed, ordered, split into micro-batches or spread over threads changes no bit
 * of a logprob, and gradients by no more than the order of a sum does: ‖a − b‖ / ‖b‖ ≤ 1e-6 for
 * every tensor. In BF16 a prompt that is computed once has its gradients rounded after they are
 * summed over its group, computed for each completion before: there 1e-2.
 */
@ParameterizedClass
@EnumSource(
    value = DType.class,
    names = {"F32", "BF16"})
class InvariantTest {
  private static final double LIMIT = 1e-6;

  /** Of a bfloat16 sum whose parts were rounded before they were added. */
  private static final double ROUNDING = 1e-2;

  private static final ModelConfig CONFIG = Batches.config(true, true);

  private final DType compute;
  private Backend backend;
  private Transformer model;
  private final List<Sequence> sequences = Batches.sequences(2, 4, CONFIG.vocabulary(), 5);

  InvariantTest(DType compute) {
    this.compute = compute;
  }

  @BeforeEach
  void open() {
    backend = Backends.open("cpu", 2);
    model = Batches.model(backend, CONFIG, compute);
  }

  @AfterEach
  void close() {
    model.close();
    backend.close();
  }

  @Test
  void onePassOverEightIsEightPassesOverOne() {
    Result together = Batches.run(model, List.of(Batches.pack(sequences, false)));
    List<Packed> alone = sequences.stream().map(s -> Batches.pack(List.of(s), false)).toList();
    assertSame(Batches.run(model, alone), together, LIMIT);
  }

  @Test
  void sharedPromptsAreRepeatedPrompts() {
    Packed shared = Batches.pack(sequences, true);
    Packed repeated = Batches.pack(sequences, false);
    assertTrue(shared.tokens().rows() < repeated.tokens().rows());
    assertSame(
        Batches.run(model, List.of(shared)),
        Batches.run(model, List.of(repeated)),
        compute == DType.F32 ? LIMIT : ROUNDING);
  }

  @Test
  void orderAndPackingDoNotMatter() {
    Result straight = Batches.run(model, List.of(Batches.pack(sequences, true)));
    List<Sequence> shuffled = new ArrayList<>(sequences);
    for (int round = 0; round < 3; round++) {
      Collections.shuffle(shuffled, new Random(round));
      int cut = 1 + 2 * round;
      List<Packed> batches =
          List.of(
              Batches.pack(shuffled.subList(0, cut), round == 0),
              Batches.pack(shuffled.subList(cut, shuffled.size()), round != 0));
      assertSame(Batches.run(model, batches), straight, compute == DType.F32 ? LIMIT : ROUNDING);
    }
  }

  @Test
  void threadsChangeNoBit() {
    Packed batch = Batches.pack(sequences, true);
    Result two = Batches.run(model, List.of(batch));
    try (Backend single = Backends.open("cpu", 1);
        Transformer same = Transformer.create(single, CONFIG, compute, true)) {
      assertEquals(1, single.threads());
      same.copyWeightsFrom(model);
      Result one = Batches.run(same, List.of(batch));
      sequences.forEach(s -> assertArrayEquals(two.logprobs().get(s), one.logprobs().get(s)));
      two.gradients().forEach((name, g) -> assertArrayEquals(g, one.gradients().get(name), name));
    }
  }

  @Test
  void evaluateGivesTheBitsOfScoreAndKeepsNothing() {
    Packed batch = Batches.pack(sequences, true);
    try (Workspace workspace = backend.workspace("test")) {
      Logprobs evaluated =
          model.evaluate(
              batch.tokens(), batch.rows(), batch.targets(), Batches.TEMPERATURE, workspace);
      assertEquals(0, workspace.bytesUsed());
      long evaluatePeak = workspace.bytesPeak();
      Scored scored =
          model.score(
              batch.tokens(), batch.rows(), batch.targets(), Batches.TEMPERATURE, workspace);
      assertArrayEquals(scored.logprobs(), evaluated.logprobs());
      assertArrayEquals(scored.entropy(), evaluated.entropy());
      assertTrue(evaluatePeak < workspace.bytesPeak());
    }
  }

  @Test
  void recomputingActivationsChangesNoBit() {
    Packed batch = Batches.pack(sequences, true);
    Result kept = Batches.run(model, List.of(batch));
    model.recomputeActivations(true);
    Result again = Batches.run(model, List.of(batch));
    sequences.forEach(s -> assertArrayEquals(kept.logprobs().get(s), again.logprobs().get(s)));
    kept.gradients().forEach((name, g) -> assertArrayEquals(g, again.gradients().get(name), name));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void activationBytesIsWhatAStepTakes(boolean recompute) {
    model.recomputeActivations(recompute);
    Packed batch = Batches.pack(sequences, true);
    try (Workspace workspace = backend.workspace("test")) {
      Scored scored =
          model.score(
              batch.tokens(), batch.rows(), batch.targets(), Batches.TEMPERATURE, workspace);
      model.backward(scored, batch.dLogprobs(), batch.dEntropy(), workspace);
      long told = model.activationBytes(batch.tokens().rows(), batch.rows().length);
      long roundedUp = workspace.bytesPeak() - 64 * 64; // tensors start on 64-byte boundaries
      assertTrue(
          told >= roundedUp && told < 1.2 * workspace.bytesPeak(),
          told + " bytes told, " + workspace.bytesPeak() + " taken");
    }
  }

  /** The feed-forward takes some of them after the others. */
  @Test
  void moreRowsThanWorkedOnAtOnceAreManySmallBatches() {
    List<Sequence> many = Batches.sequences(12, 8, CONFIG.vocabulary(), 6);
    Packed together = Batches.pack(many, true);
    assertTrue(together.tokens().rows() > 2048);
    List<Packed> groups = new ArrayList<>();
    for (int first = 0; first < many.size(); first += 8) {
      groups.add(Batches.pack(many.subList(first, first + 8), true));
    }
    Result apart = Batches.run(model, groups);
    // Twelve times as many terms: the keys' biases, whose true gradient is 0, are their rounding.
    assertSame(many, Batches.run(model, List.of(together)), apart, 3 * LIMIT);
  }

  private void assertSame(Result a, Result b, double limit) {
    assertSame(sequences, a, b, limit);
  }

  private static void assertSame(List<Sequence> of, Result a, Result b, double limit) {
    for (Sequence s : of) {
      assertArrayEquals(b.logprobs().get(s), a.logprobs().get(s));
    }
    Distance.assertNear(a.gradients(), b.gradients(), limit);
  }
}
