package io.whetstone.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.model.Batches.Packed;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The slope of the loss along random directions in weight space is the gradient's component. */
class FiniteDifferencesTest {
  /** Large enough that the forward pass's rounding fades; the five-point formula does the rest. */
  private static final double STEP = 1e-3;

  @ParameterizedTest
  @CsvSource({"true,true", "false,false"})
  void gradientIsTheSlope(boolean tied, boolean bias) {
    ModelConfig config = Batches.config(tied, bias);
    Packed batch = Batches.pack(Batches.sequences(2, 3, config.vocabulary(), 3), true);
    try (Backend backend = Backends.open("cpu", 2);
        Transformer model = Batches.model(backend, config)) {
      Map<String, float[]> gradients = Batches.run(model, List.of(batch)).gradients();
      Map<String, float[]> weights = new LinkedHashMap<>();
      model.weights().forEach((name, w) -> weights.put(name, backend.readFloats(w)));
      for (int direction = 0; direction < 5; direction++) {
        Map<String, float[]> along = direction(weights, new Random(direction));
        double expected = 0;
        double size = 0;
        for (String name : weights.keySet()) {
          for (int i = 0; i < weights.get(name).length; i++) {
            expected += (double) gradients.get(name)[i] * along.get(name)[i];
            size += Math.pow(gradients.get(name)[i], 2);
          }
        }
        double near =
            loss(model, batch, weights, along, STEP) - loss(model, batch, weights, along, -STEP);
        double far =
            loss(model, batch, weights, along, 2 * STEP)
                - loss(model, batch, weights, along, -2 * STEP);
        double slope = (8 * near - far) / (12 * STEP);
        assertEquals(expected, slope, 2e-4 * Math.sqrt(size));
      }
    }
  }

  /** Each tensor's own normal numbers; one direction moves all tensors. */
  private static Map<String, float[]> direction(Map<String, float[]> weights, Random random) {
    Map<String, float[]> direction = new LinkedHashMap<>();
    weights.forEach(
        (name, w) -> {
          float[] numbers = new float[w.length];
          for (int i = 0; i < w.length; i++) {
            numbers[i] = (float) random.nextGaussian();
          }
          direction.put(name, numbers);
        });
    return direction;
  }

  private static double loss(
      Transformer model,
      Packed batch,
      Map<String, float[]> weights,
      Map<String, float[]> along,
      double step) {
    for (Map.Entry<String, Tensor> weight : model.weights().entrySet()) {
      float[] moved = weights.get(weight.getKey()).clone();
      for (int i = 0; i < moved.length; i++) {
        moved[i] += (float) (step * along.get(weight.getKey())[i]);
      }
      model.backend().write(weight.getValue(), moved);
    }
    model.weightsChanged();
    try (Workspace workspace = model.backend().workspace("test")) {
      Logprobs result =
          model.evaluate(
              batch.tokens(), batch.rows(), batch.targets(), Batches.TEMPERATURE, workspace);
      double loss = 0;
      for (int i = 0; i < result.logprobs().length; i++) {
        loss += (double) batch.dLogprobs()[i] * result.logprobs()[i];
        loss += (double) batch.dEntropy()[i] * result.entropy()[i];
      }
      return loss;
    }
  }
}
