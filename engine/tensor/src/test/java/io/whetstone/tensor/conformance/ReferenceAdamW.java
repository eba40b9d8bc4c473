package io.whetstone.tensor.conformance;

import io.whetstone.tensor.AdamWStep;
import java.util.Arrays;

/** AdamW in double precision, over several steps. */
final class ReferenceAdamW {
  private final double[] weight;
  private final double[] m;
  private final double[] v;
  private final double[] weightTerms;
  private final double[] mTerms;

  /** A state to go on from. */
  ReferenceAdamW(double[] weight, double[] m, double[] v) {
    this.weight = weight.clone();
    this.m = m.clone();
    this.v = v.clone();
    mTerms = Arrays.stream(m).map(Math::abs).toArray();
    weightTerms = Arrays.stream(weight).map(Math::abs).toArray();
  }

  void step(double[] gradient, AdamWStep step) {
    double correction1 = 1 - Math.pow(step.beta1(), step.step());
    double correction2 = 1 - Math.pow(step.beta2(), step.step());
    for (int i = 0; i < weight.length; i++) {
      double g = step.gradientScale() * gradient[i];
      m[i] = step.beta1() * m[i] + (1 - step.beta1()) * g;
      mTerms[i] = step.beta1() * mTerms[i] + (1 - step.beta1()) * Math.abs(g);
      v[i] = step.beta2() * v[i] + (1 - step.beta2()) * g * g;
      double root = Math.sqrt(v[i] / correction2) + step.epsilon();
      double update = step.weightDecay() * weight[i] + m[i] / correction1 / root;
      weight[i] -= step.learningRate() * update;
      weightTerms[i] +=
          step.learningRate()
              * (step.weightDecay() * Math.abs(weight[i]) + mTerms[i] / correction1 / root);
    }
  }

  Expected weight() {
    return expected(weight, weightTerms);
  }

  Expected m() {
    return expected(m, mTerms);
  }

  Expected v() {
    return expected(v, v);
  }

  private static Expected expected(double[] values, double[] terms) {
    Expected expected = new Expected(values.length);
    for (int i = 0; i < values.length; i++) {
      expected.add(i, values[i], terms[i]);
    }
    return expected;
  }
}
