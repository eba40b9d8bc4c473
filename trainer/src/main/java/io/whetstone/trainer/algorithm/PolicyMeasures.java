package io.whetstone.trainer.algorithm;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What was measured while the objective was evaluated: sums over trained tokens, to be added over
 * the micro-batches (and updates) of a step, and read as means at its end.
 *
 * @param tokens how many tokens were trained on
 * @param loss Σ of the losses
 * @param policyLoss Σ of the policy's part of it
 * @param clippedLow tokens that the policy loss clipped below (ratio < 1 − low, negative advantage)
 * @param clippedHigh tokens that it clipped above (ratio > 1 + high, positive advantage)
 * @param clippedDelta tokens whose ratio rose above δ with a negative advantage
 * @param weighted tokens that a weight, a mask or a rule was applied to
 * @param leftOut those of them whose policy loss counts 0
 * @param weightSum Σ of those weights
 * @param ratioSum Σ ρ with ρ = exp(logprob − oldLogprob)
 * @param oldKlSum Σ (ρ − 1 − log ρ), nats: Schulman's k3 for KL(π_old ‖ π)
 * @param referenceTokens how many tokens had a reference logprob
 * @param referenceKlSum Σ of the chosen estimator of KL(π ‖ π_ref), nats
 * @param entropyTokens how many tokens had an entropy
 * @param entropySum Σ entropy, nats
 * @param differenceMax the largest |logprob − sampled logprob|, nats; at the weights that sampled,
 *     it is the mismatch between sampler and trainer
 */
public record PolicyMeasures(
    long tokens,
    double loss,
    double policyLoss,
    long clippedLow,
    long clippedHigh,
    long clippedDelta,
    long weighted,
    long leftOut,
    double weightSum,
    double ratioSum,
    double oldKlSum,
    long referenceTokens,
    double referenceKlSum,
    long entropyTokens,
    double entropySum,
    double differenceMax) {

  /** Nothing measured yet. */
  public static final PolicyMeasures NONE = new Sums().toMeasures(0);

  /** Both together. */
  public PolicyMeasures plus(PolicyMeasures other) {
    return new PolicyMeasures(
        tokens + other.tokens,
        loss + other.loss,
        policyLoss + other.policyLoss,
        clippedLow + other.clippedLow,
        clippedHigh + other.clippedHigh,
        clippedDelta + other.clippedDelta,
        weighted + other.weighted,
        leftOut + other.leftOut,
        weightSum + other.weightSum,
        ratioSum + other.ratioSum,
        oldKlSum + other.oldKlSum,
        referenceTokens + other.referenceTokens,
        referenceKlSum + other.referenceKlSum,
        entropyTokens + other.entropyTokens,
        entropySum + other.entropySum,
        Math.max(differenceMax, other.differenceMax));
  }

  /** The {@code policy/…} keys of the metrics; what was not measured is left out. */
  public Map<String, Double> named() {
    Map<String, Double> named = new LinkedHashMap<>();
    if (tokens > 0) {
      named.put("policy/loss", loss);
      named.put("policy/surrogate-loss", policyLoss);
      named.put("policy/clip-fraction-low", (double) clippedLow / tokens);
      named.put("policy/clip-fraction-high", (double) clippedHigh / tokens);
      named.put("policy/clip-fraction-delta", (double) clippedDelta / tokens);
      named.put("policy/ratio-mean", ratioSum / tokens);
      named.put("policy/kl-old", oldKlSum / tokens);
    }
    if (weighted > 0) {
      named.put("policy/left-out-fraction", (double) leftOut / weighted);
      named.put("policy/weight-mean", weightSum / weighted);
    }
    if (referenceTokens > 0) {
      named.put("policy/kl", referenceKlSum / referenceTokens);
    }
    if (entropyTokens > 0) {
      named.put("policy/entropy", entropySum / entropyTokens);
    }
    return named;
  }

  /** Adds up over the tokens of one micro-batch. */
  static final class Sums {
    private long tokens;
    private double policyLoss;
    private long clippedLow;
    private long clippedHigh;
    private long clippedDelta;
    private long weighted;
    private long leftOut;
    private double weightSum;
    private double ratioSum;
    private double oldKlSum;
    private long referenceTokens;
    private double referenceKlSum;
    private long entropyTokens;
    private double entropySum;
    private double differenceMax;

    void policy(double logRatio, PolicyLoss.Clip clip, double weightedLoss) {
      tokens++;
      policyLoss += weightedLoss;
      clippedLow += clip == PolicyLoss.Clip.LOW ? 1 : 0;
      clippedHigh += clip == PolicyLoss.Clip.HIGH ? 1 : 0;
      clippedDelta += clip == PolicyLoss.Clip.DELTA ? 1 : 0;
      ratioSum += StrictMath.exp(logRatio);
      oldKlSum += StrictMath.expm1(logRatio) - logRatio;
    }

    void mismatch(double difference) {
      differenceMax = Math.max(differenceMax, Math.abs(difference));
    }

    void weight(double weight) {
      weighted++;
      leftOut += weight == 0 ? 1 : 0;
      weightSum += weight;
    }

    void kl(double divergence) {
      referenceTokens++;
      referenceKlSum += divergence;
    }

    void entropy(double entropy) {
      entropyTokens++;
      entropySum += entropy;
    }

    PolicyMeasures toMeasures(double loss) {
      return new PolicyMeasures(
          tokens,
          loss,
          policyLoss,
          clippedLow,
          clippedHigh,
          clippedDelta,
          weighted,
          leftOut,
          weightSum,
          ratioSum,
          oldKlSum,
          referenceTokens,
          referenceKlSum,
          entropyTokens,
          entropySum,
          differenceMax);
    }
  }
}
