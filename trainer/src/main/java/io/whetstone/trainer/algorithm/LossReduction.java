package io.whetstone.trainer.algorithm;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntToDoubleFunction;

/**
 * How the losses of a step's tokens become one number: loss = Σ weight(sequence) · loss(token).
 *
 * <p>Weights come from the totals of a whole optimizer step, before it is cut into micro-batches.
 * So a micro-batch's loss and gradient are plain sums to be added up, and how a step was cut cannot
 * change its result (averaging means of unequal micro-batches would).
 *
 * <p>A sequence none of whose tokens is trained on (absent reward, masked truncation) takes no
 * part: it is not counted in N. The papers have no such sequences; TRL counts them, which shrinks
 * the step of the others.
 */
public sealed interface LossReduction {
  /**
   * The weight of each trained token, by sequence; 0 for sequences without trained tokens.
   *
   * @param trainedTokens how many tokens of each of the step's sequences are trained on
   * @param groups the group of each sequence
   */
  double[] weights(int[] trainedTokens, int[] groups);

  /**
   * GRPO's own (DeepSeekMath, eq. 3): the mean over each sequence's tokens, then over the N
   * sequences: 1 / (N · |o_i|). Tokens of long sequences weigh less.
   */
  record SequenceMean() implements LossReduction {
    @Override
    public double[] weights(int[] trainedTokens, int[] groups) {
      double sequences = sequences(trainedTokens);
      return perSequence(trainedTokens, tokens -> 1 / (sequences * tokens));
    }
  }

  /** DAPO's (Yu et al. 2025, eq. 12): every token of the step weighs the same: 1 / Σ |o_i|. */
  record TokenMean() implements LossReduction {
    @Override
    public double[] weights(int[] trainedTokens, int[] groups) {
      double total = Arrays.stream(trainedTokens).asLongStream().sum();
      return perSequence(trainedTokens, tokens -> 1 / total);
    }
  }

  /**
   * The mean over the tokens of each group, then over the P groups: 1 / (P · Σ_group |o_i|), so
   * that groups of short completions weigh as much as those of long ones (DAPO's equation 8 read
   * literally, its expectation being over prompts). A group without trained tokens is not counted.
   */
  record GroupTokenMean() implements LossReduction {
    @Override
    public double[] weights(int[] trainedTokens, int[] groups) {
      Map<Integer, Long> tokens = new HashMap<>();
      for (int s = 0; s < groups.length; s++) {
        if (trainedTokens[s] > 0) {
          tokens.merge(groups[s], (long) trainedTokens[s], Long::sum);
        }
      }
      double[] weights = new double[groups.length];
      for (int s = 0; s < groups.length; s++) {
        weights[s] =
            trainedTokens[s] > 0 ? 1 / ((double) tokens.size() * tokens.get(groups[s])) : 0;
      }
      return weights;
    }
  }

  /**
   * Dr. GRPO's (Liu et al. 2025, §3.2): sums over tokens divided by a constant, then the mean over
   * the N sequences: 1 / (N · L), so that length has no influence on a token's weight. With L = 1
   * it is the sum over tokens of LUSPO (Liu et al. 2026) and of RLOO.
   *
   * @param length L &gt; 0, usually the most tokens a completion may have
   */
  record ConstantLength(int length) implements LossReduction {
    public ConstantLength {
      if (length <= 0) {
        throw new IllegalArgumentException("constant length " + length + " is not positive");
      }
    }

    @Override
    public double[] weights(int[] trainedTokens, int[] groups) {
      double sequences = sequences(trainedTokens);
      return perSequence(trainedTokens, tokens -> 1 / (sequences * length));
    }
  }

  private static long sequences(int[] trainedTokens) {
    return Arrays.stream(trainedTokens).filter(tokens -> tokens > 0).count();
  }

  private static double[] perSequence(int[] trainedTokens, IntToDoubleFunction weight) {
    return Arrays.stream(trainedTokens)
        .mapToDouble(tokens -> tokens > 0 ? weight.applyAsDouble(tokens) : 0)
        .toArray();
  }
}
