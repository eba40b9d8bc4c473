package io.whetstone.trainer.loop;

import io.whetstone.model.Parameter;
import io.whetstone.model.Trainable;
import io.whetstone.tensor.AdamWStep;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.trainer.algorithm.GradientClip;
import io.whetstone.trainer.config.Optimization;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * AdamW over a model's parameters with clipping by the global norm.
 *
 * <p>Memory: two F32 numbers a parameter, or two codes of 8 bits, beside the weight and its
 * gradient. Matrices decay, norms and biases do not (GPT-3, Brown et al. 2020, app. B; nanoGPT).
 */
public final class AdamW implements AutoCloseable {
  private final Trainable model;
  private final Optimization settings;
  private final Backend backend;
  private final GradientClip clip;
  private final Workspace memory;
  private final List<Moments> moments = new ArrayList<>();
  private long steps;

  public AdamW(Trainable model, Optimization settings) {
    this.model = model;
    this.settings = settings;
    this.backend = model.backend();
    double most = settings.maxGradientNorm();
    this.clip = new GradientClip(most == 0 ? Double.POSITIVE_INFINITY : most);
    this.memory = backend.workspace("optimizer");
    for (Parameter parameter : model.parameters()) {
      moments.add(Moments.of(parameter, settings.moments(), memory));
    }
  }

  /**
   * One update from the accumulated gradients, which are zeroed afterwards.
   *
   * @return the gradients' global L2 norm before clipping
   * @throws ArithmeticException when the norm is not finite, naming the parameter; weights, moments
   *     and gradients are then as before
   */
  public double step(double learningRate) {
    double squares = 0;
    for (Parameter parameter : model.parameters()) {
      squares += backend.sumOfSquares(parameter.gradient());
    }
    double norm = Math.sqrt(squares);
    if (!Double.isFinite(norm)) {
      Finite.requireGradients(model);
      throw new NonFiniteException("gradient's norm", norm, NonFiniteException.NO_SAMPLE);
    }
    double scale = clip.scale(norm);
    steps++;
    for (int i = 0; i < moments.size(); i++) {
      Parameter parameter = model.parameters().get(i);
      AdamWStep step =
          new AdamWStep(
              learningRate,
              settings.beta1(),
              settings.beta2(),
              settings.adamEpsilon(),
              parameter.decayed() ? settings.weightDecay() : 0,
              steps,
              scale);
      Moments held = moments.get(i);
      backend.adamW(parameter.value(), parameter.gradient(), held.first(), held.second(), step);
    }
    model.trainedChanged();
    model.zeroGradients();
    return norm;
  }

  /** Updates made so far. */
  public long steps() {
    return steps;
  }

  /** Says how many updates the restored moments have seen. */
  public void restoreSteps(long restored) {
    this.steps = restored;
  }

  /** The moments by name, for a checkpoint to write or to read into. */
  public Map<String, Tensor> moments() {
    Map<String, Tensor> named = new LinkedHashMap<>();
    for (int i = 0; i < moments.size(); i++) {
      String name = model.parameters().get(i).name();
      named.put("first-moment." + name, moments.get(i).first());
      named.put("second-moment." + name, moments.get(i).second());
    }
    return named;
  }

  @Override
  public void close() {
    memory.close();
  }
}
