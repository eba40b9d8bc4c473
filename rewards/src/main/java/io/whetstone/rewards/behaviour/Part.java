package io.whetstone.rewards.behaviour;

import io.whetstone.rewards.ThinkAnswer;

/** Which part of a completion a reward looks at. */
public enum Part {
  /** All of it, tags included. */
  COMPLETION,
  /** What is between the think tags; all of it where it has none. */
  THOUGHT,
  /** What follows the thought, without the answer tags; all of it where there is no thought. */
  RESPONSE;

  /**
   * The part.
   *
   * @param promptPrefix what the prompt already said on the assistant's behalf
   */
  public String of(String promptPrefix, String completion) {
    return switch (this) {
      case COMPLETION -> completion;
      case THOUGHT -> ThinkAnswer.of(promptPrefix, completion).thought().orElse(completion);
      case RESPONSE -> ThinkAnswer.of(promptPrefix, completion).response();
    };
  }
}
