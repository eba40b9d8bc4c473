package io.whetstone.trainer.algorithm;

import java.util.OptionalDouble;

/**
 * What a policy step minimizes, composed from its parts:
 *
 * <p>loss = Σ_t w_t · (p_t · policyLoss_t + c_t · |log π_t − log π_old,t| + β · kl_t) − η · Σ_t h_t
 * · entropy_t over the trained tokens t of a micro-batch.
 *
 * <p>The weights w come from {@link LossReduction}, p, c and h from {@link PolicyTokens.Weights};
 * all are of a whole update, so losses and gradients of micro-batches are sums to be added up. The
 * entropy is a mean over tokens whatever the reduction, so that η means the same with each.
 * Everything is computed in double; only the gradients handed to the model are floats.
 *
 * @param policyLoss the loss that carries the advantages
 * @param kl the divergence from the reference
 * @param klCoefficient β ≥ 0; 0 leaves the divergence out of the loss (it is measured all the same
 *     where reference logprobs are given)
 * @param entropyCoefficient η; 0 for no entropy bonus
 * @param staleLimit tokens with a negative advantage of a sequence with mean_t(log μ_t − log π_t)
 *     above this, in nats, have no policy loss (off-policy sequence mask, DeepSeek-V3.2 2025);
 *     empty for none
 */
public record PolicyObjective(
    PolicyLoss policyLoss,
    KlTerm kl,
    double klCoefficient,
    double entropyCoefficient,
    OptionalDouble staleLimit) {

  /**
   * The value and gradient of a micro-batch.
   *
   * @param loss the micro-batch's share of the update's loss
   * @param dLogprobs ∂loss/∂logprob, one a token
   * @param dEntropies ∂loss/∂entropy, one a token; null where η = 0
   * @param measures sums to be added over micro-batches
   */
  public record Result(
      double loss, float[] dLogprobs, float[] dEntropies, PolicyMeasures measures) {}

  public PolicyObjective {
    if (!(klCoefficient >= 0) || Double.isInfinite(klCoefficient)) {
      throw new IllegalArgumentException("KL coefficient " + klCoefficient + " is not ≥ 0");
    }
    if (!Double.isFinite(entropyCoefficient)) {
      throw new IllegalArgumentException("entropy coefficient " + entropyCoefficient);
    }
  }

  /** With other coefficients. */
  public PolicyObjective with(double klCoefficient, double entropyCoefficient) {
    return new PolicyObjective(policyLoss, kl, klCoefficient, entropyCoefficient, staleLimit);
  }

  /**
   * Evaluates a micro-batch. Without tokens the loss is 0.
   *
   * @throws IllegalArgumentException where a token's value is not finite, or the objective needs
   *     reference logprobs or entropies that are not there
   */
  public Result evaluate(PolicyTokens tokens) {
    if (klCoefficient > 0 && tokens.referenceLogprobs() == null) {
      throw new IllegalArgumentException("the loss has a KL term but no reference logprobs came");
    }
    if (entropyCoefficient != 0 && tokens.entropies() == null) {
      throw new IllegalArgumentException("the loss has an entropy bonus but no entropies came");
    }
    int n = tokens.size();
    float[] dEntropies = entropyCoefficient == 0 ? null : new float[n];
    PolicyMeasures.Sums sums = new PolicyMeasures.Sums();
    double[] gradients = new double[n];
    double loss = 0;
    int from = 0;
    while (from < n) {
      int to = from + 1;
      while (to < n && tokens.sequences()[to] == tokens.sequences()[from]) {
        to++;
      }
      loss += policy(tokens, from, to, gradients, sums);
      from = to;
    }
    for (int t = 0; t < n; t++) {
      double logprob = tokens.logprobs()[t];
      double logRatio = logprob - tokens.oldLogprobs()[t];
      double weight = tokens.weights().loss()[t];
      if (tokens.referenceLogprobs() != null) {
        double reference = finite(tokens.referenceLogprobs(), "reference logprob", t);
        sums.kl(kl.estimator().value(logprob, reference));
        if (klCoefficient > 0) {
          loss += weight * klCoefficient * kl.value(logprob, reference, logRatio);
          gradients[t] += weight * klCoefficient * kl.gradient(logprob, reference, logRatio);
        }
      }
      if (tokens.entropies() != null) {
        double entropy = finite(tokens.entropies(), "entropy", t);
        sums.entropy(entropy);
        if (entropyCoefficient != 0) {
          double share = tokens.weights().entropy()[t];
          loss -= entropyCoefficient * share * entropy;
          dEntropies[t] = (float) (-entropyCoefficient * share);
        }
      }
    }
    float[] dLogprobs = new float[n];
    for (int t = 0; t < n; t++) {
      dLogprobs[t] = (float) gradients[t];
    }
    return new Result(loss, dLogprobs, dEntropies, sums.toMeasures(loss));
  }

  /** The policy's part of the sequence of tokens [from, to); adds its gradients. */
  private double policy(
      PolicyTokens tokens, int from, int to, double[] gradients, PolicyMeasures.Sums sums) {
    PolicyTokens.Weights weights = tokens.weights();
    int n = to - from;
    double[] logprobs = new double[n];
    double[] old = new double[n];
    double[] advantages = new double[n];
    double[] multipliers = new double[n];
    double staleness = 0;
    for (int i = 0; i < n; i++) {
      int t = from + i;
      logprobs[i] = finite(tokens.logprobs(), "logprob", t);
      old[i] = finite(tokens.oldLogprobs(), "old logprob", t);
      advantages[i] = finite(tokens.advantages(), "advantage", t);
      staleness += finite(tokens.sampledLogprobs(), "sampled logprob", t) - logprobs[i];
    }
    boolean stale = staleLimit.isPresent() && staleness / n > staleLimit.getAsDouble();
    for (int i = 0; i < n; i++) {
      double policy = weights.policy() == null ? 1 : weights.policy()[from + i];
      policy = stale && advantages[i] < 0 ? 0 : policy;
      multipliers[i] = weights.loss()[from + i] * policy;
      if (weights.policy() != null || staleLimit.isPresent()) {
        sums.weight(policy);
      }
    }
    PolicyLoss.Terms terms =
        policyLoss.of(new PolicyLoss.Sequence(logprobs, old, advantages, multipliers));
    double sum = 0;
    for (int i = 0; i < n; i++) {
      int t = from + i;
      double logRatio = logprobs[i] - old[i];
      double loss = multipliers[i] == 0 ? 0 : multipliers[i] * terms.losses()[i];
      gradients[t] += terms.gradients()[i];
      double penalty = weights.penalty() == null ? 0 : weights.penalty()[t];
      if (penalty != 0) {
        loss += weights.loss()[t] * penalty * Math.abs(logRatio);
        gradients[t] += weights.loss()[t] * penalty * Math.signum(logRatio);
      }
      sums.policy(logRatio, terms.clips()[i], loss);
      sums.mismatch(tokens.sampledLogprobs()[t] - logprobs[i]);
      sum += loss;
    }
    return sum;
  }

  private static double finite(float[] values, String what, int token) {
    if (!Float.isFinite(values[token])) {
      throw new IllegalArgumentException(
          what + " of trained token " + token + " is " + values[token]);
    }
    return values[token];
  }
}
