package io.whetstone.rewards.models;

import io.whetstone.datasets.settings.Default;
import io.whetstone.tokenizer.StreamingDecoder;
import io.whetstone.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Where a completion's steps end. Steps follow each other without a gap and cover the completion; a
 * piece of white space alone belongs to the step before it.
 *
 * <p>Examples: {@code ends: "\n+"} for a step a line; {@code begins: "(?m)^Step \\d+"} for numbered
 * steps; {@code ends: ";|</think>"} for the synthetic tasks, whose answer is the last step.
 *
 * @param ends a regular expression (Java's): what it finds ends a step, and belongs to it; empty
 *     for none
 * @param begins what it finds begins a step; empty for none
 */
public record StepRule(
    @Default(value = "\"\\\\n+\"", source = "PRM800K, Lightman et al. 2023: a step a line")
        String ends,
    @Default(value = "\"\"", source = "see ends") String begins) {

  /** A step a line. */
  public static final StepRule LINES = new StepRule("\\n+", "");

  public StepRule {
    compiled("ends", ends);
    compiled("begins", begins);
    if (ends.isEmpty() && begins.isEmpty()) {
      throw new IllegalArgumentException("ends: is empty, and begins too: nothing splits steps");
    }
  }

  private static Pattern compiled(String key, String pattern) {
    try {
      return Pattern.compile(pattern);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          key + ": " + e.getDescription() + " near index " + e.getIndex(), e);
    }
  }

  /**
   * A step of a text.
   *
   * @param from index of its first character
   * @param to index after its last
   */
  public record Span(int from, int to) {}

  /** The steps of a text, in order; none where it is blank. */
  public List<Span> split(String text) {
    List<Integer> cuts = new ArrayList<>();
    if (!ends.isEmpty()) {
      Matcher matcher = compiled("ends", ends).matcher(text);
      while (matcher.find()) {
        cuts.add(matcher.end());
      }
    }
    if (!begins.isEmpty()) {
      Matcher matcher = compiled("begins", begins).matcher(text);
      while (matcher.find()) {
        cuts.add(matcher.start());
      }
    }
    cuts.add(text.length());
    cuts.sort(null);
    List<Span> spans = new ArrayList<>();
    int from = 0;
    for (int cut : cuts) {
      if (cut <= from) {
        continue;
      }
      if (!text.substring(from, cut).isBlank()) {
        spans.add(new Span(from, cut));
        from = cut;
      } else if (!spans.isEmpty()) {
        spans.set(spans.size() - 1, new Span(spans.getLast().from(), cut));
        from = cut;
      }
    }
    return spans;
  }

  /**
   * The steps of a completion in tokens. A token that holds the end of one step and the beginning
   * of the next belongs to the first; a final stop token to the last.
   *
   * @param ids the completion's
   * @param text its text, without a final stop token
   */
  public List<Span> split(String text, int[] ids, Tokenizer tokenizer) {
    return tokens(split(text), ids, tokenizer);
  }

  /**
   * The tokens of steps that are known by their characters.
   *
   * @return as many spans as steps, where there are as many tokens
   */
  public static List<Span> tokens(List<Span> steps, int[] ids, Tokenizer tokenizer) {
    int[] ends = new int[ids.length];
    StreamingDecoder decoder = tokenizer.streamingDecoder();
    int length = 0;
    for (int t = 0; t < ids.length; t++) {
      length += decoder.add(ids[t]).length();
      ends[t] = length;
    }
    List<Span> spans = new ArrayList<>();
    int from = 0;
    for (int s = 0; s < steps.size() && from < ids.length; s++) {
      int to = from + 1;
      while (to < ids.length && ends[to - 1] < steps.get(s).to()) {
        to++;
      }
      to = s == steps.size() - 1 ? ids.length : to;
      spans.add(new Span(from, to));
      from = to;
    }
    return spans;
  }
}
