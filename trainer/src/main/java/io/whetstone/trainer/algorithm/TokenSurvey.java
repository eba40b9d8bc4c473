package io.whetstone.trainer.algorithm;

import java.util.Arrays;

/**
 * All trained tokens of an update at the weights it starts from, in any order; parallel arrays.
 *
 * @param logprobs log π(token), nats
 * @param entropies of π at each position, nats
 * @param advantages one a token
 * @param clipped whether the policy loss clips the token
 * @param draws evenly distributed numbers that belong to the tokens, not to their order
 */
public record TokenSurvey(
    double[] logprobs, double[] entropies, double[] advantages, boolean[] clipped, long[] draws) {

  /** How many tokens there are. */
  int size() {
    return logprobs.length;
  }

  /** (A − mean A)(log π − mean log π) of each token. */
  double[] covariances() {
    double logprob = Arrays.stream(logprobs).average().orElse(0);
    double advantage = Arrays.stream(advantages).average().orElse(0);
    double[] covariances = new double[size()];
    Arrays.setAll(covariances, t -> (advantages[t] - advantage) * (logprobs[t] - logprob));
    return covariances;
  }
}
