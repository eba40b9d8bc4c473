package io.whetstone.datasets;

import java.util.List;
import java.util.Locale;

/**
 * An audit of a dataset. Lengths are in Unicode code points; where there are no entries they are 0.
 *
 * @param training number of training tasks, {@link Long#MAX_VALUE} when endless
 * @param heldOut number of held-out tasks, {@link Long#MAX_VALUE} when endless
 * @param skipped bad lines that were left out
 * @param duplicates lines whose prompt had occurred before (in demonstrations: prompt and
 *     completion) and that were left out
 * @param conflicts those among the duplicates whose answer differed from the first
 * @param prompts lengths of the prompts kept
 * @param answers lengths of the answers kept
 * @param examples the first bad lines, each with file, line, what was got and what was expected
 * @param notes other findings, a line each
 */
public record DatasetSummary(
    String name,
    long training,
    long heldOut,
    long skipped,
    long duplicates,
    long conflicts,
    Lengths prompts,
    Lengths answers,
    List<String> examples,
    List<String> notes) {

  /** Without other findings. */
  public DatasetSummary(
      String name,
      long training,
      long heldOut,
      long skipped,
      long duplicates,
      long conflicts,
      Lengths prompts,
      Lengths answers,
      List<String> examples) {
    this(
        name,
        training,
        heldOut,
        skipped,
        duplicates,
        conflicts,
        prompts,
        answers,
        examples,
        List.of());
  }

  /** Shortest, mean and longest, in code points. */
  public record Lengths(int min, double mean, int max) {
    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%d to %d, mean %.1f", min, max, mean);
    }
  }

  public DatasetSummary {
    examples = List.copyOf(examples);
    notes = List.copyOf(notes);
  }

  /**
   * Of data without an end.
   *
   * @param some of its tasks, whose lengths stand for all
   */
  public static DatasetSummary ofEndless(String name, List<Task> some) {
    LengthCount prompts = new LengthCount();
    LengthCount answers = new LengthCount();
    for (Task task : some) {
      prompts.add(task.prompt());
      task.answer().ifPresent(answers::add);
    }
    return new DatasetSummary(
        name,
        Long.MAX_VALUE,
        Long.MAX_VALUE,
        0,
        0,
        0,
        prompts.lengths(),
        answers.lengths(),
        List.of());
  }

  /** In words, a line a finding. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append(
        "%s: %s training tasks, %s held out".formatted(name, count(training), count(heldOut)));
    text.append("\n  prompts: ").append(prompts).append(" characters");
    if (answers.max() > 0) {
      text.append("\n  answers: ").append(answers).append(" characters");
    }
    if (duplicates > 0) {
      text.append("\n  duplicates left out: ").append(duplicates);
      if (conflicts > 0) {
        text.append(", of which with another answer: ").append(conflicts);
      }
    }
    if (skipped > 0) {
      text.append("\n  bad lines skipped: ").append(skipped);
      examples.forEach(example -> text.append("\n    ").append(example));
    }
    notes.forEach(note -> text.append("\n  ").append(note));
    return text.toString();
  }

  private static String count(long size) {
    return size == Long.MAX_VALUE ? "endless" : Long.toString(size);
  }
}
