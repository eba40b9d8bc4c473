package io.whetstone.trainer.loop;

import io.whetstone.datasets.Demonstration;
import io.whetstone.datasets.Task;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.config.TrainOn;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.Arrays;

/** Makes training samples of demonstrations. */
final class DemonstrationSamples {
  private final Tokenizer tokenizer;
  private final PromptEncoder prompts;
  private final TrainOn trainOn;

  DemonstrationSamples(Tokenizer tokenizer, PromptEncoder prompts, TrainOn trainOn) {
    this.tokenizer = tokenizer;
    this.prompts = prompts;
    this.trainOn = trainOn;
  }

  /**
   * The sample of a demonstration: its completion and an end of sequence.
   *
   * @param group the sample's number in its step
   */
  TrainingSample of(Demonstration demonstration, int group) {
    int[] completion = completion(demonstration.completion());
    return of(prompts.encode(demonstration.task(), completion.length), completion, group);
  }

  /** The ids of a text and the end of sequence after it. */
  int[] completion(String text) {
    int[] ids = tokenizer.encode(text);
    int[] ended = Arrays.copyOf(ids, ids.length + 1);
    ended[ids.length] = tokenizer.endOfSequence().getFirst();
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
