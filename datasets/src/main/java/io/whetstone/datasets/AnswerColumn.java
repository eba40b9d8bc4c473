package io.whetstone.datasets;

import java.util.Objects;
import java.util.Optional;

/**
 * Where a line's gold answer is. Written as the field's name alone, or {@code {from: answer, after:
 * "####"}}.
 *
 * @param from the field; text, or a number, which is taken as it is written
 * @param after the answer is what follows the last occurrence of this marker, to the end of its
 *     line; a line without it is bad
 */
public record AnswerColumn(String from, Optional<String> after) {

  public AnswerColumn {
    Objects.requireNonNull(from, "from");
    if (after.isPresent() && after.get().isEmpty()) {
      throw new IllegalArgumentException("after: \"\" is not a marker");
    }
  }

  public static AnswerColumn of(String from) {
    return new AnswerColumn(from, Optional.empty());
  }
}
