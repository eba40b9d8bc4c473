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

/**
 * How sequences are packed, ordered, split into micro-batches or spread over threads changes no bit
 * of a logprob, and gradients by no more than the order of a sum does: ‖a − b‖ / ‖b‖ ≤ 1e-6 for
 * every tensor.
 */
class InvariantTest {
  private static final double LIMIT = 1e-6;
  private static final ModelConfig CONFIG = Batches.config(true, true);

  private Backend backend;
  private Transformer model;
  private final List<Sequence> sequences = Batches.sequences(2, 4, CONFIG.vocabulary(), 5);

  @BeforeEach
  void open() {
    backend = Backends.open("cpu", 2);
    model = Batches.model(backend, CONFIG);
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
    assertSame(Batches.run(model, alone), together);
  }

  @Test
  void sharedPromptsAreRepeatedPrompts() {
    Packed shared = Batches.pack(sequences, true);
    Packed repeated = Batches.pack(sequences, false);
    assertTrue(shared.tokens().rows() < repeated.tokens().rows());
    assertSame(Batches.run(model, List.of(shared)), Batches.run(model, List.of(repeated)));
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
      assertSame(Batches.run(model, batches), straight);
    }
  }

  @Test
  void threadsChangeNoBit() {
    Packed batch = Batches.pack(sequences, true);
    Result two = Batches.run(model, List.of(batch));
    try (Backend single = Backends.open("cpu", 1);
        Transformer same = Transformer.create(single, CONFIG, DType.F32, true)) {
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
  void activationBytesIsWhatAStepTakes() {
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

  private void assertSame(Result a, Result b) {
    for (Sequence s : sequences) {
      assertArrayEquals(b.logprobs().get(s), a.logprobs().get(s));
    }
    Distance.assertNear(a.gradients(), b.gradients(), LIMIT);
  }
}
