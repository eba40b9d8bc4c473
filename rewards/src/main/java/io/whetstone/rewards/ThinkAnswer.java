package io.whetstone.rewards;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A completion in R1's form, {@code <think>…</think><answer>…</answer>}, together with what the
 * prompt already opened on its behalf.
 *
 * <p>White space before, between and after the two blocks does not count. Of the prompt's prefix
 * only what follows its first tag counts: in {@code Let me think.\n<think>} that is {@code
 * <think>}.
 */
public final class ThinkAnswer {

  static final String THINK = "<think>";
  static final String THINK_END = "</think>";
  static final String ANSWER = "<answer>";
  static final String ANSWER_END = "</answer>";

  /** The four tags, in their order. */
  public static final List<String> TAGS = List.of(THINK, THINK_END, ANSWER, ANSWER_END);

  private static final Pattern WHOLE =
      Pattern.compile("\\s*<think>(.*?)</think>\\s*<answer>(.*?)</answer>\\s*", Pattern.DOTALL);

  private final String text;

  private ThinkAnswer(String text) {
    this.text = text;
  }

  /**
   * Reads a completion.
   *
   * @param promptPrefix what the prompt already said on the assistant's behalf
   */
  public static ThinkAnswer of(String promptPrefix, String completion) {
    int first = promptPrefix.length();
    for (String tag : TAGS) {
      int at = promptPrefix.indexOf(tag);
      first = at >= 0 ? Math.min(first, at) : first;
    }
    return new ThinkAnswer(promptPrefix.substring(first) + completion);
  }

  /** Each tag once, in order, nothing around the blocks, and something but white space in both. */
  public boolean isStrict() {
    if (TAGS.stream().anyMatch(tag -> count(tag) != 1)) {
      return false;
    }
    Matcher matcher = WHOLE.matcher(text);
    return matcher.matches() && !matcher.group(1).isBlank() && !matcher.group(2).isBlank();
  }

  /** What is between the last {@code <answer>} and {@code </answer>} that belong together. */
  public Optional<String> lastAnswer() {
    int end = text.lastIndexOf(ANSWER_END);
    int start = end < 0 ? -1 : text.lastIndexOf(ANSWER, end);
    return start < 0
        ? Optional.empty()
        : Optional.of(text.substring(start + ANSWER.length(), end).strip());
  }

  /**
   * The thought: what is between the first {@code <think>} and the next {@code </think>}, or up to
   * the end where none follows; where only {@code </think>} occurs (a template opened it), what is
   * before that. Empty where neither tag occurs.
   */
  public Optional<String> thought() {
    int start = text.indexOf(THINK);
    int from = start < 0 ? 0 : start + THINK.length();
    int end = text.indexOf(THINK_END, from);
    if (start < 0 && end < 0) {
      return Optional.empty();
    }
    return Optional.of(text.substring(from, end < 0 ? text.length() : end).strip());
  }

  /**
   * What is said to the reader: the last answer where {@code <answer>} follows the thought, else
   * all that follows {@code </think>}; everything where there is no thought, nothing where it does
   * not end.
   */
  public String response() {
    int end = text.lastIndexOf(THINK_END);
    if (end < 0 && text.contains(THINK)) {
      return "";
    }
    ThinkAnswer after = end < 0 ? this : new ThinkAnswer(text.substring(end + THINK_END.length()));
    return after.lastAnswer().orElse(after.text.strip());
  }

  /** How often a tag occurs. */
  public int count(String tag) {
    int count = 0;
    for (int at = text.indexOf(tag); at >= 0; at = text.indexOf(tag, at + tag.length())) {
      count++;
    }
    return count;
  }

  /** Whether all four tags occur once each and in order. */
  boolean isInOrder() {
    List<Integer> places = new ArrayList<>();
    TAGS.forEach(tag -> places.add(text.indexOf(tag)));
    return TAGS.stream().allMatch(tag -> count(tag) == 1)
        && places.equals(places.stream().sorted().toList());
  }
}
