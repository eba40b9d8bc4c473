package io.whetstone.trainer.loop;

import io.whetstone.datasets.Conversation;
import io.whetstone.datasets.Demonstration;
import io.whetstone.datasets.Task;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.chat.AssistantTurns;
import io.whetstone.trainer.config.TrainOn;
import io.whetstone.trainer.rollout.Learned;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.Arrays;

/** Makes training samples of demonstrations. */
public final class DemonstrationSamples {
  private final Tokenizer tokenizer;
  private final PromptEncoder prompts;
  private final TrainOn trainOn;
  private final int[] end;

  public DemonstrationSamples(Tokenizer tokenizer, PromptEncoder prompts, TrainOn trainOn) {
    this.tokenizer = tokenizer;
    this.prompts = prompts;
    this.trainOn = trainOn;
    this.end = prompts.endOfAnswer();
  }

  /**
   * The sample of a demonstration: its completion and its end, or a whole conversation with what
   * the assistant wrote marked.
   *
   * @param group the sample's number in its step
   * @throws IllegalArgumentException naming the task, where it cannot be learned
   */
  public TrainingSample of(Demonstration demonstration, int group) {
    Task task = demonstration.task();
    if (demonstration.conversation().isPresent()) {
      try {
        return of(demonstration.conversation().get(), group);
      } catch (RuntimeException e) {
        throw new IllegalArgumentException("task " + task.id() + ": " + e.getMessage(), e);
      }
    }
    String completion = demonstration.completion();
    String begun = prompts.assistantPrefix(task);
    boolean repeats = !begun.isEmpty() && completion.startsWith(begun);
    int[] ids = completion(repeats ? completion.substring(begun.length()) : completion);
    return of(prompts.ids(task), ids, group);
  }

  private TrainingSample of(Conversation conversation, int group) {
    Learned learned =
        prompts.learn(
            conversation,
            trainOn == TrainOn.COMPLETION ? AssistantTurns.Which.LAST : AssistantTurns.Which.ALL);
    boolean[] trained = learned.trained().clone();
    if (trainOn == TrainOn.EVERYTHING) {
      Arrays.fill(trained, true);
    }
    // Nothing predicts the first id, and what follows the last that is learned teaches nothing.
    int from = 1;
    while (from < trained.length && !trained[from]) {
      from++;
    }
    int to = trained.length;
    while (to > from && !trained[to - 1]) {
      to--;
    }
    float[] weights = new float[to - from];
    Arrays.fill(weights, 1);
    return new TrainingSample(
        Arrays.copyOf(learned.ids(), from),
        Arrays.copyOfRange(learned.ids(), from, to),
        new float[0],
        Arrays.copyOfRange(trained, from, to),
        weights,
        group);
  }

  /** The ids of an answer and what ends it: the chat template's token, else end of sequence. */
  int[] completion(String text) {
    int[] ids = tokenizer.encode(text);
    int[] ended = Arrays.copyOf(ids, ids.length + end.length);
    System.arraycopy(end, 0, ended, ids.length, end.length);
    return ended;
  }

  /** The ids of a task's prompt. */
  int[] prompt(Task task, int room) {
    return prompts.encode(task, room);
  }

  /** The sample of ids that follow a prompt, each with weight 1. */
  TrainingSample of(int[] prompt, int[] completion, int group) {
    int[] read = prompt;
    int[] ids = completion;
    if (trainOn == TrainOn.EVERYTHING) {
      // The first token has nothing to predict it from.
      read = Arrays.copyOf(prompt, 1);
      ids =
          Arrays.copyOf(
              Arrays.copyOfRange(prompt, 1, prompt.length), prompt.length - 1 + completion.length);
      System.arraycopy(completion, 0, ids, prompt.length - 1, completion.length);
    }
    return TrainingSample.demonstration(read, ids, group);
  }
}
