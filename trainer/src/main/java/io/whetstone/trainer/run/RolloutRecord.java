package io.whetstone.trainer.run;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.whetstone.generation.Completion;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.ScoredGroup;
import io.whetstone.trainer.rollout.ScoredRollout;
import java.io.IOException;
import java.io.StringWriter;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * One completion of a step, with all that is needed to score it again, to train on it again, and to
 * read it. Arrays have one entry a token of the completion.
 *
 * @param task the task's id
 * @param prompt the task's prompt, before any chat template
 * @param sample number in its group; −1 for the greedy completion, whose reward is a baseline
 * @param visit how often the stage met the task before
 * @param attempt the round of drawing in its step (dynamic sampling)
 * @param text with special tokens, less a final stop token
 * @param ids token ids, a final stop token included
 * @param logprobs at sampling, nats
 * @param trained which tokens were in the loss; none where the completion took no part
 * @param forced which tokens were put in instead of drawn; these are never trained on
 * @param stop why it ended, in the generator's words
 * @param policy version of the weights that drew it
 * @param scores by reward
 * @param reward the weighted total; absent where it is unknown
 * @param advantages one a token; empty where the completion took no part
 */
public record RolloutRecord(
    String task,
    String prompt,
    int sample,
    long visit,
    int attempt,
    String text,
    int[] ids,
    float[] logprobs,
    boolean[] trained,
    boolean[] forced,
    String stop,
    long policy,
    Map<String, Score> scores,
    OptionalDouble reward,
    double[] advantages) {
  private static final int GREEDY = -1;
  private static final JsonFactory JSON = new JsonFactory();

  public RolloutRecord {
    if (logprobs.length != ids.length
        || trained.length != ids.length
        || forced.length != ids.length
        || (advantages.length != 0 && advantages.length != ids.length)) {
      throw new IllegalArgumentException(
          "task %s, sample %d: %d ids, %d logprobs, %d marks and %d advantages"
              .formatted(
                  task, sample, ids.length, logprobs.length, trained.length, advantages.length));
    }
    scores = Collections.unmodifiableMap(new LinkedHashMap<>(scores));
  }

  /**
   * The record of completion {@code sample} of a group.
   *
   * @param trained which of its tokens were in the loss
   * @param advantages one a token; empty where the completion took no part
   */
  public static RolloutRecord of(
      ScoredRollout group, int sample, boolean[] trained, double[] advantages) {
    return of(
        group,
        sample,
        group.rollout().completions().get(sample),
        group.scores(),
        sample,
        trained,
        advantages);
  }

  /** The record of a group's greedy completion, which is never trained on: its sample is −1. */
  public static RolloutRecord greedy(ScoredRollout group) {
    Completion completion = group.rollout().greedy().orElseThrow();
    boolean[] trained = new boolean[completion.ids().length];
    return of(group, GREEDY, completion, group.greedy().orElseThrow(), 0, trained, new double[0]);
  }

  private static RolloutRecord of(
      ScoredRollout group,
      int sample,
      Completion completion,
      ScoredGroup scored,
      int candidate,
      boolean[] trained,
      double[] advantages) {
    Map<String, Score> scores = new LinkedHashMap<>();
    scored.scores().forEach((name, all) -> scores.put(name, all.get(candidate)));
    return new RolloutRecord(
        group.rollout().visit().task().id(),
        group.rollout().visit().task().prompt(),
        sample,
        group.rollout().visit().visit(),
        group.rollout().attempt(),
        completion.text(),
        completion.ids(),
        completion.logprobs(),
        trained,
        completion.forced(),
        completion.stop().text(),
        completion.policyVersion(),
        scores,
        scored.totals().get(candidate),
        advantages);
  }

  /** As a line of JSON, to the bit. */
  public String json() throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      RolloutJson.write(this, json);
    }
    return text.toString();
  }

  /** What {@link #json} gave. */
  public static RolloutRecord read(String json) throws IOException {
    return RolloutJson.read(json);
  }
}
