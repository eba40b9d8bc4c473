package io.whetstone.datasets;

import io.whetstone.datasets.settings.Default;
import java.util.Objects;
import java.util.Optional;

/**
 * Where a line's gold answer is. Written as the field's name alone, {@code {from: answer, after:
 * "####"}} or {@code {from: solution, boxed: true}}.
 *
 * @param from the field; text, or a number, which is taken as it is written
 * @param after the answer is what follows the last occurrence of this marker, to the end of its
 *     line; a line without it is bad
 * @param boxed whether the answer is what the last {@code \boxed{…}} holds; a line without one is
 *     bad
 */
public record AnswerColumn(
    String from,
    Optional<String> after,
    @Default(value = "false", source = "the field is the answer") boolean boxed) {

  public AnswerColumn {
    Objects.requireNonNull(from, "from");
    if (after.isPresent() && after.get().isEmpty()) {
      throw new IllegalArgumentException("after: \"\" is not a marker");
    }
    if (after.isPresent() && boxed) {
      throw new IllegalArgumentException("boxed: given with after; expected one of the two");
    }
  }

  public static AnswerColumn of(String from) {
    return new AnswerColumn(from, Optional.empty(), false);
  }
}
