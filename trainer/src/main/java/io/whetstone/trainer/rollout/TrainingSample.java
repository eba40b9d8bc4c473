package io.whetstone.trainer.rollout;

/**
 * One sequence to train on: a prompt and what follows it.
 *
 * <p>Example, n = 3: ids {@code [17, 4, 2]}, logprobs {@code [−0.2, −1.3, −0.01]}, trained {@code
 * [true, false, true]} (the second token was put there by an environment), advantages {@code [0.7,
 * 0, 0.7]}.
 *
 * @param prompt token ids that are only read; samples of one group share the array
 * @param ids n token ids that follow, a final stop token included
 * @param logprobs n logprobs in nats from when the ids were drawn; empty for demonstrations
 * @param trained n marks: the token was the policy's own and is trained on
 * @param advantages n advantages; 1 for demonstrations
 * @param group number of the group in its step
 */
public record TrainingSample(
    int[] prompt, int[] ids, float[] logprobs, boolean[] trained, float[] advantages, int group) {
  public TrainingSample {
    if (ids.length != trained.length
        || ids.length != advantages.length
        || (logprobs.length != 0 && logprobs.length != ids.length)) {
      throw new IllegalArgumentException(
          "a sample of "
              + ids.length
              + " ids has "
              + logprobs.length
              + " logprobs, "
              + trained.length
              + " marks and "
              + advantages.length
              + " advantages");
    }
    if (prompt.length == 0) {
      throw new IllegalArgumentException("a sample needs a prompt: nothing predicts its first id");
    }
  }

  /** A completion to learn as it is: every id is trained on, with weight 1. */
  public static TrainingSample demonstration(int[] prompt, int[] ids, int group) {
    return demonstration(prompt, ids, new boolean[ids.length], group);
  }

  /**
   * A completion to learn, with weight 1 for each id that is trained on.
   *
   * @param forced n marks: the id was put in by an environment and is only read
   */
  public static TrainingSample demonstration(int[] prompt, int[] ids, boolean[] forced, int group) {
    boolean[] trained = new boolean[ids.length];
    float[] weights = new float[ids.length];
    for (int t = 0; t < ids.length; t++) {
      trained[t] = !forced[t];
      weights[t] = forced[t] ? 0 : 1;
    }
    return new TrainingSample(prompt, ids, new float[0], trained, weights, group);
  }

  /** Tokens that are trained on. */
  public int trainedTokens() {
    int count = 0;
    for (boolean t : trained) {
      count += t ? 1 : 0;
    }
    return count;
  }
}
