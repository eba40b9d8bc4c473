package io.whetstone.datasets;

import java.util.Objects;
import java.util.Optional;

/**
 * A task with a completion to learn from; the completion need be neither right nor well-formed.
 *
 * @param completion what follows the prompt, without the end-of-sequence token; of a conversation,
 *     what the assistant says last
 * @param conversation the whole conversation to learn from, the assistant's last turn included,
 *     where the data have messages; the task's are those before that turn
 */
public record Demonstration(Task task, String completion, Optional<Conversation> conversation) {

  public Demonstration {
    Objects.requireNonNull(task, "task");
    Objects.requireNonNull(completion, "completion");
    Objects.requireNonNull(conversation, "conversation");
  }

  /** A prompt and a completion in plain text. */
  public Demonstration(Task task, String completion) {
    this(task, completion, Optional.empty());
  }
}
