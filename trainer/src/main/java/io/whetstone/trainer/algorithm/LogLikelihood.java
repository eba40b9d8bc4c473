package io.whetstone.trainer.algorithm;

/**
 * loss = −A log π(token), the policy gradient itself (REINFORCE, Williams 1992; GPG, Chu et al.
 * 2025): no ratio, so right only for rollouts of the policy as it is.
 */
public record LogLikelihood() implements Gate {
  @Override
  public Term at(double logRatio, double logprob, double advantage) {
    return new Term(-advantage * logprob, -advantage, PolicyLoss.Clip.NONE);
  }

  @Override
  public boolean detached() {
    return true;
  }
}
