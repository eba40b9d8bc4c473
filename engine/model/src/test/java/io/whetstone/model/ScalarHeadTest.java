package io.whetstone.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Hidden states and the head on them, against transformers, finite differences and themselves. */
class ScalarHeadTest {
  /** What make_classifier_golden.py wrote of one model. */
  record Classifier(
      @JsonProperty("config") Golden.Shape shape,
      int[] lengths,
      int[] ids,
      Map<String, Golden.Numbers> weights,
      double[] scores,
      double[] everyScore,
      double[] margins,
      double centering,
      double loss,
      double[] dScores,
      Map<String, Golden.Numbers> gradients) {
    static Classifier read(String name) throws IOException {
      try (InputStream json =
          Golden.class.getResourceAsStream("golden-classifier-" + name + ".json")) {
        return new ObjectMapper().readValue(json, Classifier.class);
      }
    }

    ModelConfig config() {
      return new ModelConfig(
          shape.vocabulary(),
          shape.hidden(),
          shape.layers(),
          shape.heads(),
          shape.feedForward(),
          shape.gate(),
          shape.ropeTheta(),
          shape.epsilon(),
          shape.tiedEmbeddings(),
          shape.attentionBias(),
          shape.maxPositions());
    }

    /** The last row of each sequence. */
    int[] ends() {
      int[] ends = new int[lengths.length];
      int row = -1;
      for (int s = 0; s < ends.length; s++) {
        ends[s] = row += lengths[s];
      }
      return ends;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2"})
  void scoresAndGradientsAreThoseOfTransformers(String name) throws IOException {
    Classifier golden = Classifier.read(name);
    try (Backend backend = Backends.open("cpu", 2);
        Transformer model = Transformer.create(backend, golden.config(), DType.F32, true);
        ScalarHead head = new ScalarHead(backend, golden.config().hidden(), true);
        Workspace workspace = backend.workspace("test")) {
      model.weights().forEach((key, to) -> backend.write(to, golden.weights().get(key).floats()));
      model.weightsChanged();
      backend.write(head.parameter().value(), golden.weights().get(ScalarHead.NAME).floats());
      PackedTokens tokens = PackedTokens.of(golden.ids(), Segments.ofLengths(golden.lengths()));

      int[] all = IntStream.range(0, tokens.rows()).toArray();
      double[] every = head.scores(model.evaluateHidden(tokens, all, workspace));
      assertArrayEquals(golden.everyScore(), every, 1e-5);

      Hidden hidden = model.hidden(tokens, golden.ends(), workspace);
      double[] scores = head.scores(hidden.normed());
      assertArrayEquals(golden.scores(), scores, 1e-5);
      Tensor dNormed = head.backward(hidden.normed(), golden.dScores(), workspace);
      model.backward(hidden, dNormed, workspace);
      Map<String, float[]> got = new TreeMap<>();
      model.gradients().forEach((key, g) -> got.put(key, backend.readFloats(g)));
      got.put(ScalarHead.NAME, backend.readFloats(head.parameter().gradient()));
      Map<String, float[]> expected = new TreeMap<>();
      golden.gradients().forEach((key, g) -> expected.put(key, g.floats()));
      Distance.assertNear(got, expected, 2e-5);
    }
  }

  /** Scores of a sequence's last token, and of its middle one. */
  private static double[] scores(
      Transformer model, ScalarHead head, List<Batches.Sequence> sequences, boolean shared) {
    Batches.Packed packed = Batches.pack(sequences, shared);
    try (Workspace workspace = model.backend().workspace("test")) {
      return head.scores(model.evaluateHidden(packed.tokens(), packed.rows(), workspace));
    }
  }

  @ParameterizedTest
  @CsvSource({"F32,1", "F32,2", "BF16,2"})
  void aScoreDoesNotDependOnWhatSharesTheBatch(DType compute, int threads) {
    ModelConfig config = Batches.config(true, true);
    List<Batches.Sequence> sequences = Batches.sequences(3, 4, config.vocabulary(), 5);
    try (Backend backend = Backends.open("cpu", threads)) {
      if (compute == DType.BF16
          && !backend.capabilities().contains(io.whetstone.tensor.Capability.BF16)) {
        System.out.println("NOT RUN: this machine's cpu backend has no bf16");
        return;
      }
      try (Transformer model = Batches.model(backend, config, compute);
          ScalarHead head = new ScalarHead(backend, config.hidden(), false)) {
        head.initialise(3, 0.3);
        double[] together = scores(model, head, sequences, true);
        List<Double> alone = new ArrayList<>();
        for (Batches.Sequence sequence : sequences) {
          Arrays.stream(scores(model, head, List.of(sequence), false)).forEach(alone::add);
        }
        assertArrayEquals(alone.stream().mapToDouble(d -> d).toArray(), together);
      }
    }
  }

  @Test
  void keepingChangesNoBit() {
    ModelConfig config = Batches.config(true, false);
    Batches.Packed packed = Batches.pack(Batches.sequences(2, 3, config.vocabulary(), 9), true);
    try (Backend backend = Backends.open("cpu", 2);
        Transformer model = Batches.model(backend, config);
        Workspace workspace = backend.workspace("test")) {
      float[] kept =
          backend.readFloats(model.hidden(packed.tokens(), packed.rows(), workspace).normed());
      float[] not =
          backend.readFloats(model.evaluateHidden(packed.tokens(), packed.rows(), workspace));
      assertArrayEquals(kept, not);
    }
  }

  @Test
  void gradientIsTheSlope() {
    ModelConfig config = Batches.config(true, true);
    Batches.Packed packed = Batches.pack(Batches.sequences(2, 3, config.vocabulary(), 3), true);
    double[] dScores = new Random(1).doubles(packed.rows().length, -1, 1).toArray();
    try (Backend backend = Backends.open("cpu", 2);
        Transformer model = Batches.model(backend, config);
        ScalarHead head = new ScalarHead(backend, config.hidden(), true);
        Workspace workspace = backend.workspace("test")) {
      head.initialise(3, 0.3);
      Hidden hidden = model.hidden(packed.tokens(), packed.rows(), workspace);
      model.backward(hidden, head.backward(hidden.normed(), dScores, workspace), workspace);
      List<Parameter> all = new ArrayList<>(model.parameters());
      all.add(head.parameter());
      for (int direction = 0; direction < 3; direction++) {
        Random random = new Random(direction);
        double expected = 0;
        double size = 0;
        List<float[]> along = new ArrayList<>();
        List<float[]> at = new ArrayList<>();
        for (Parameter parameter : all) {
          float[] gradient = backend.readFloats(parameter.gradient());
          float[] move = new float[gradient.length];
          for (int i = 0; i < move.length; i++) {
            move[i] = (float) random.nextGaussian();
            expected += (double) move[i] * gradient[i];
            size += (double) gradient[i] * gradient[i];
          }
          along.add(move);
          at.add(backend.readFloats(parameter.value()));
        }
        double[] losses = new double[4];
        double[] steps = {-2e-3, -1e-3, 1e-3, 2e-3};
        for (int s = 0; s < steps.length; s++) {
          for (int p = 0; p < all.size(); p++) {
            float[] moved = at.get(p).clone();
            for (int i = 0; i < moved.length; i++) {
              moved[i] += (float) (steps[s] * along.get(p)[i]);
            }
            backend.write(all.get(p).value(), moved);
          }
          model.weightsChanged();
          double[] scores =
              head.scores(model.evaluateHidden(packed.tokens(), packed.rows(), workspace));
          for (int i = 0; i < scores.length; i++) {
            losses[s] += dScores[i] * scores[i];
          }
        }
        double slope = (8 * (losses[2] - losses[1]) - (losses[3] - losses[0])) / (12 * 1e-3);
        assertEquals(expected, slope, 2e-4 * Math.sqrt(size));
        for (int p = 0; p < all.size(); p++) {
          backend.write(all.get(p).value(), at.get(p));
        }
        model.weightsChanged();
      }
      assertTrue(head.parameter().decayed());
    }
  }
}
