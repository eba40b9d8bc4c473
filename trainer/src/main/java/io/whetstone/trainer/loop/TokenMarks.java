package io.whetstone.trainer.loop;

import io.whetstone.trainer.algorithm.PolicyLoss;
import io.whetstone.trainer.algorithm.TokenRule;
import io.whetstone.trainer.algorithm.TokenSurvey;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.Arrays;

/** Which tokens of an update a {@link TokenRule} marks: a row a sample, one mark an id. */
final class TokenMarks {
  private TokenMarks() {}

  /**
   * Surveys all trained tokens and marks them.
   *
   * @param scores of the batch's samples by the policy as it is now
   */
  static boolean[][] of(TokenRule rule, UpdateBatch batch, ModelScores scores, PolicyLoss loss) {
    int tokens = batch.samples().stream().mapToInt(TrainingSample::trainedTokens).sum();
    double[] logprobs = new double[tokens];
    double[] entropies = new double[tokens];
    double[] advantages = new double[tokens];
    boolean[] clipped = new boolean[tokens];
    long[] draws = new long[tokens];
    int next = 0;
    for (int s = 0; s < batch.samples().size(); s++) {
      TrainingSample sample = batch.samples().get(s);
      int[] positions = positions(sample);
      int n = positions.length;
      double[] now = new double[n];
      double[] old = new double[n];
      double[] own = new double[n];
      double[] once = new double[n];
      Arrays.fill(once, 1);
      long identity = mix(Arrays.hashCode(sample.prompt()) * 31L + Arrays.hashCode(sample.ids()));
      for (int i = 0; i < n; i++) {
        int t = positions[i];
        now[i] = scores.logprobs()[s][t];
        old[i] = batch.old(s)[t];
        own[i] = sample.advantages()[t];
        logprobs[next + i] = now[i];
        entropies[next + i] = scores.entropies()[s][t];
        advantages[next + i] = own[i];
        // The logprob is of these weights: another update draws anew.
        draws[next + i] = mix(identity + t * 0x9E3779B97F4A7C15L + Double.doubleToLongBits(now[i]));
      }
      PolicyLoss.Clip[] clips = loss.of(new PolicyLoss.Sequence(now, old, own, once)).clips();
      for (int i = 0; i < n; i++) {
        clipped[next + i] = clips[i] != PolicyLoss.Clip.NONE;
      }
      next += n;
    }
    return spread(
        rule.marks(new TokenSurvey(logprobs, entropies, advantages, clipped, draws)), batch);
  }

  private static boolean[][] spread(boolean[] marks, UpdateBatch batch) {
    boolean[][] rows = new boolean[batch.samples().size()][];
    int next = 0;
    for (int s = 0; s < rows.length; s++) {
      TrainingSample sample = batch.samples().get(s);
      rows[s] = new boolean[sample.ids().length];
      for (int t : positions(sample)) {
        rows[s][t] = marks[next++];
      }
    }
    return rows;
  }

  private static int[] positions(TrainingSample sample) {
    int[] positions = new int[sample.trainedTokens()];
    int next = 0;
    for (int t = 0; t < sample.trained().length; t++) {
      if (sample.trained()[t]) {
        positions[next++] = t;
      }
    }
    return positions;
  }

  /** MurmurHash3's 64-bit finalizer: every bit of the input moves every bit of the output. */
  private static long mix(long bits) {
    long mixed = bits;
    mixed = (mixed ^ (mixed >>> 33)) * 0xff51afd7ed558ccdL;
    mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return mixed ^ (mixed >>> 33);
  }
}
