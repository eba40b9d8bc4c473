package io.whetstone.datasets;

import java.util.Objects;

/**
 * A task with a completion to learn from; the completion need be neither right nor well-formed.
 *
 * @param completion what follows the prompt, without the end-of-sequence token
 */
public record Demonstration(Task task, String completion) {

  public Demonstration {
    Objects.requireNonNull(task, "task");
    Objects.requireNonNull(completion, "completion");
  }
}
