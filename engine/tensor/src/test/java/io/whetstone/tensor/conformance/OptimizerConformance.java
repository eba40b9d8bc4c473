package io.whetstone.tensor.conformance;

import io.whetstone.tensor.AdamWStep;
import io.whetstone.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** AdamW. */
interface OptimizerConformance extends Conformance {
  /** Rates, decays and clipping change from step to step; an element in five has no gradient. */
  @Test
  default void tenStepsOfAdamW() {
    for (int size : new int[] {0, 1, 7, 16, 33, 65, 1000}) {
      double[] weight = Numbers.normal(1, size, 0.1);
      ReferenceAdamW reference = new ReferenceAdamW(weight, new double[size], new double[size]);
      Tensor w = rig().inOut(weight, size);
      Tensor m = rig().inOut(new double[size], size);
      Tensor v = rig().inOut(new double[size], size);
      for (int step = 1; step <= 10; step++) {
        double[] gradient = gradient(step, size);
        reference.step(gradient, settings(step));
        rig().backend().adamW(w, rig().input(gradient, size), m, v, settings(step));
        reference.weight().check("weight, step " + step, rig().get(w));
        reference.m().check("m, step " + step, rig().get(m));
        reference.v().check("v, step " + step, rig().get(v));
      }
    }
  }

  @Test
  default void adamWIsTheSameForAnyThreads() {
    needsExact();
    int size = 70_001;
    double[] weight = Numbers.normal(2, size, 1);
    double[] none = new double[size];
    double[][] gradients = {gradient(1, size), gradient(2, size)};
    for (int result = 0; result < 3; result++) {
      int picked = result;
      sameForAnyThreads(
          "adamW",
          rig -> {
            Tensor[] state = {
              rig.inOut(weight, size), rig.inOut(none, size), rig.inOut(none, size)
            };
            for (int step = 1; step <= 2; step++) {
              Tensor gradient = rig.input(gradients[step - 1], size);
              rig.backend().adamW(state[0], gradient, state[1], state[2], settings(step));
            }
            return rig.get(state[picked]);
          });
    }
  }

  static double[] gradient(int step, int size) {
    double[] gradient = Numbers.normal(100 + step, size, 0.01);
    for (int i = 0; i < size; i++) {
      gradient[i] = i % 5 == 3 ? 0 : i % 7 == 6 ? (float) (gradient[i] * 1e4) : gradient[i];
    }
    return gradient;
  }

  static AdamWStep settings(int step) {
    double rate = 2e-3 * (11 - step) / 10;
    double decay = step % 2 == 0 ? 0.1 : 0;
    double beta2 = step > 7 ? 0.95 : 0.999;
    return new AdamWStep(rate, 0.9, beta2, 1e-8, decay, step, step % 3 == 0 ? 0.25 : 1);
  }
}
