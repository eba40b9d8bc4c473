package io.whetstone.trainer.algorithm;

import io.whetstone.datasets.settings.Default;
import java.util.Arrays;
import java.util.Comparator;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Tokens singled out by what they are among all tokens of an update. The survey is made before the
 * update is cut into micro-batches, so that the cut cannot change who is marked; ties are marked
 * together, so that the order cannot either.
 */
public sealed interface TokenRule {
  /** Which tokens are marked. */
  boolean[] marks(TokenSurvey survey);

  /** What a token's policy loss is multiplied by. */
  default double policyWeight(boolean marked) {
    return 1;
  }

  /** What a token's entropy bonus is multiplied by, before it becomes a mean. */
  default double entropyWeight(boolean marked) {
    return 1;
  }

  /** Whether tokens without an advantage may have a loss by this rule. */
  default boolean penalizes() {
    return false;
  }

  /** c in the term c · |log π − log π_old| that is added to a token's loss. */
  default double penalty(boolean marked) {
    return 0;
  }

  /**
   * Only the tokens of the highest entropy have a policy loss ("Beyond the 80/20 rule", Wang et al.
   * 2025): those at or above the (1 − share) quantile, interpolated linearly as in torch.quantile.
   * The entropy bonus is over the same tokens.
   *
   * @param share in (0, 1]
   */
  record TopEntropy(
      @Default(value = "0.2", source = "Wang et al. 2025: the fifth of highest entropy")
          double share)
      implements TokenRule {
    public TopEntropy {
      checkShare(share);
    }

    @Override
    public boolean[] marks(TokenSurvey survey) {
      double threshold = quantile(survey.entropies(), 1 - share);
      return marked(survey.size(), t -> survey.entropies()[t] >= threshold);
    }

    @Override
    public double policyWeight(boolean marked) {
      return marked ? 1 : 0;
    }

    @Override
    public double entropyWeight(boolean marked) {
      return marked ? 1 : 0;
    }
  }

  /**
   * Clip-Cov (Cui et al. 2025, "The entropy mechanism of reinforcement learning for reasoning
   * language models"): of the tokens whose covariance (A − mean A)(log π − mean log π) lies between
   * the bounds and that the ratio's clip let through, a share of all tokens, drawn evenly, has no
   * policy loss. Draws are the survey's, so they do not depend on the order.
   *
   * @param share of all tokens, in (0, 1]; at least one token
   * @param least lower bound of the covariance
   * @param most upper bound of the covariance
   */
  record ClipCov(
      @Default(value = "2e-4", source = "Cui et al. 2025") double share,
      @Default(value = "1", source = "the authors' code") double least,
      @Default(value = "5", source = "the authors' code") double most)
      implements TokenRule {
    public ClipCov {
      checkShare(share);
      if (!(least < most)) {
        throw new IllegalArgumentException("least: " + least + " is not below most, " + most);
      }
    }

    @Override
    public boolean[] marks(TokenSurvey survey) {
      double[] covariances = survey.covariances();
      boolean[] marks = new boolean[survey.size()];
      IntStream.range(0, marks.length)
          .filter(t -> !survey.clipped()[t])
          .filter(t -> covariances[t] > least && covariances[t] < most)
          .boxed()
          .sorted(Comparator.comparingLong(t -> survey.draws()[t]))
          .limit(Math.max(1, (long) (share * marks.length)))
          .forEach(t -> marks[t] = true);
      return marks;
    }

    @Override
    public double policyWeight(boolean marked) {
      return marked ? 0 : 1;
    }
  }

  /**
   * KL-Cov (Cui et al. 2025): the share of tokens of the largest covariance pays coefficient · |log
   * π − log π_old|. The authors use it without a clip ({@link Unclipped}).
   *
   * @param share of all tokens, in (0, 1]; at least one token
   * @param coefficient of the penalty
   */
  record KlCov(
      @Default(value = "2e-3", source = "Cui et al. 2025, for 7B") double share,
      @Default(value = "1", source = "Cui et al. 2025") double coefficient)
      implements TokenRule {
    public KlCov {
      checkShare(share);
      if (!(coefficient >= 0)) {
        throw new IllegalArgumentException("coefficient: " + coefficient + " is not 0 or more");
      }
    }

    @Override
    public boolean[] marks(TokenSurvey survey) {
      double[] covariances = survey.covariances();
      double[] rising = covariances.clone();
      Arrays.sort(rising);
      int count = Math.max(1, (int) (share * rising.length));
      double threshold = rising.length == 0 ? 0 : rising[rising.length - count];
      return marked(survey.size(), t -> covariances[t] >= threshold);
    }

    @Override
    public boolean penalizes() {
      return coefficient > 0;
    }

    @Override
    public double penalty(boolean marked) {
      return marked ? coefficient : 0;
    }
  }

  private static void checkShare(double share) {
    if (!(share > 0 && share <= 1)) {
      throw new IllegalArgumentException("share: " + share + " is not in (0, 1]");
    }
  }

  private static boolean[] marked(int size, IntPredicate rule) {
    boolean[] marks = new boolean[size];
    for (int t = 0; t < size; t++) {
      marks[t] = rule.test(t);
    }
    return marks;
  }

  /** The quantile by linear interpolation between ranks; NaN of nothing. */
  private static double quantile(double[] values, double share) {
    double[] rising = values.clone();
    Arrays.sort(rising);
    if (rising.length == 0) {
      return Double.NaN;
    }
    double rank = share * (rising.length - 1);
    int below = (int) Math.floor(rank);
    int above = Math.min(rising.length - 1, below + 1);
    return rising[below] + (rank - below) * (rising[above] - rising[below]);
  }
}
