package io.whetstone.trainer.algorithm;

/**
 * What a policy step minimizes, composed from its parts:
 *
 * <p>loss = Σ_t w_t · (policyLoss_t + β · kl_t − η · entropy_t) over the trained tokens t of a
 * micro-batch.
 *
 * <p>The weights w_t come from {@link LossReduction}, so losses and gradients of micro-batches are
 * sums to be added up. Everything is computed in double; only the gradients handed to the model are
 * floats.
 *
 * @param policyLoss the loss that carries the advantages
 * @param kl the estimator of the divergence from the reference
 * @param klCoefficient β ≥ 0; 0 leaves the divergence out of the loss (it is measured all the same
 *     where reference logprobs are given)
 * @param entropyCoefficient η; 0 for no entropy bonus
 */
public record PolicyObjective(
    PolicyLoss policyLoss, KlEstimator kl, double klCoefficient, double entropyCoefficient) {

  /**
   * The value and gradient of a micro-batch.
   *
   * @param loss Σ_t w_t · (…), the micro-batch's share of the step's loss
   * @param dLogprobs ∂loss/∂logprob, one a token, 0 where not trained
   * @param dEntropies ∂loss/∂entropy, one a token, 0 where not trained; null where η = 0
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

  /**
   * Evaluates a micro-batch. An empty mask gives loss 0 and no gradient.
   *
   * @throws IllegalArgumentException where a trained token's value is not finite, or the objective
   *     needs reference logprobs or entropies that are not there
   */
  public Result evaluate(PolicyTokens tokens) {
    if (klCoefficient > 0 && tokens.referenceLogprobs() == null) {
      throw new IllegalArgumentException("the loss has a KL term but no reference logprobs came");
    }
    if (entropyCoefficient != 0 && tokens.entropies() == null) {
      throw new IllegalArgumentException("the loss has an entropy bonus but no entropies came");
    }
    float[] dLogprobs = new float[tokens.size()];
    float[] dEntropies = entropyCoefficient == 0 ? null : new float[tokens.size()];
    PolicyMeasures.Sums sums = new PolicyMeasures.Sums();
    double loss = 0;
    for (int t = 0; t < tokens.size(); t++) {
      if (!tokens.trained()[t]) {
        continue;
      }
      double weight = tokens.weights()[t];
      double logprob = finite(tokens.logprobs()[t], "logprob", t);
      double old = finite(tokens.oldLogprobs()[t], "old logprob", t);
      double advantage = finite(tokens.advantages()[t], "advantage", t);

      PolicyLoss.Term term = policyLoss.at(logprob, old, advantage);
      double tokenLoss = term.loss();
      double gradient = term.gradient();
      sums.policy(logprob - old, term.clip(), weight * term.loss());
      if (tokens.referenceLogprobs() != null) {
        double reference = finite(tokens.referenceLogprobs()[t], "reference logprob", t);
        double divergence = kl.value(logprob, reference);
        sums.kl(divergence);
        if (klCoefficient > 0) {
          tokenLoss += klCoefficient * divergence;
          gradient += klCoefficient * kl.gradient(logprob, reference);
        }
      }
      if (tokens.entropies() != null) {
        double entropy = finite(tokens.entropies()[t], "entropy", t);
        sums.entropy(entropy);
        if (entropyCoefficient != 0) {
          tokenLoss -= entropyCoefficient * entropy;
          dEntropies[t] = (float) (-entropyCoefficient * weight);
        }
      }
      loss += weight * tokenLoss;
      dLogprobs[t] = (float) (weight * gradient);
    }
    return new Result(loss, dLogprobs, dEntropies, sums.toMeasures(loss));
  }

  private static double finite(float value, String what, int token) {
    if (!Float.isFinite(value)) {
      throw new IllegalArgumentException(what + " of trained token " + token + " is " + value);
    }
    return value;
  }
}
