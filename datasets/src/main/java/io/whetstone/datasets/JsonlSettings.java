package io.whetstone.datasets;

import io.whetstone.datasets.settings.Default;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How a JSONL file becomes tasks.
 *
 * @param path the file
 * @param prompt the field that holds the prompt, or a template such as {@code {question} Answer
 *     with a number.}; {@code {{} and {@code }}} stand for braces
 * @param answer where the gold answer is; without it tasks have none
 * @param completion the field that holds a completion to learn from; without it the file holds no
 *     demonstrations
 * @param id the field that names a task; without it the name is {@code FILE:LINE}
 * @param onBadLine what a bad line does
 * @param heldOut how many tasks are kept from training
 * @param shuffle whether training tasks come in an order drawn from the seed, or in the file's
 */
public record JsonlSettings(
    Path path,
    String prompt,
    Optional<JsonlAnswer> answer,
    Optional<String> completion,
    Optional<String> id,
    @Default(value = "\"stop\"", source = "nothing is lost silently") OnBadLine onBadLine,
    @Default(value = "0.1", source = "leaves nine tenths to training") HeldOut heldOut,
    @Default(value = "true", source = "files are often sorted") boolean shuffle) {

  /** What a bad line does. */
  public enum OnBadLine {
    /** Ends the run with a message. */
    STOP,
    /** Is left out, counted and reported. */
    SKIP
  }

  public JsonlSettings {
    PromptTemplate.parse(prompt);
  }
}
