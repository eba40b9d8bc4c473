package io.whetstone.datasets;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * One problem to be solved.
 *
 * <p>Example: {@code Task("sums/0/training/17", "37+58+12=?", Optional.of("107"), ["37+58=95",
 * "95+12=107"], {numbers: [37, 58, 12]})}.
 *
 * @param id names the task in records; unique within its source
 * @param prompt what the policy is asked, before any chat template
 * @param answer the gold answer, absent where the data have none
 * @param steps the true steps of reasoning in order, empty where they are not known
 * @param fields everything else that rewards may need (tests, a rubric, the raw columns of a file)
 * @param conversation what is asked as messages, where the data have messages; the prompt is then
 *     their text
 */
public record Task(
    String id,
    String prompt,
    Optional<String> answer,
    List<String> steps,
    Map<String, Object> fields,
    Optional<Conversation> conversation) {

  public Task {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(prompt, "prompt");
    Objects.requireNonNull(answer, "answer");
    Objects.requireNonNull(conversation, "conversation");
    steps = List.copyOf(steps);
    // Not Map.copyOf: a JSON field may be null, and the order of a file's columns is kept.
    fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
  }

  /** A task that is asked in one piece of text. */
  public Task(
      String id,
      String prompt,
      Optional<String> answer,
      List<String> steps,
      Map<String, Object> fields) {
    this(id, prompt, answer, steps, fields, Optional.empty());
  }

  /** A task of which only the prompt and the answer are known. */
  public static Task of(String id, String prompt, String answer) {
    return new Task(id, prompt, Optional.of(answer), List.of(), Map.of());
  }
}
