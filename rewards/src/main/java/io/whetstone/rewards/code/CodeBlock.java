package io.whetstone.rewards.code;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A piece of code in a completion.
 *
 * @param tag what stands after the opening fence, in lower case: {@code python}; empty where
 *     nothing does, or there is no fence
 */
record CodeBlock(String tag, String code) {

  /** Which of several blocks is the answer. */
  public enum Take {
    FIRST,
    LAST,
    LONGEST,
    /** All of them, one after another, as one program. */
    ALL
  }

  // A line that code has and prose has not; good enough, since prose that has one will not run.
  private static final Pattern CODE_LINE =
      Pattern.compile(
          "(def|class|import|from|@\\w|print\\(|return|#include|using|public|fn|func)\\b.*"
              + "|(for|while|if|with|try|elif|else)\\b.*:|[A-Za-z_][\\w.\\[\\]]* ?[-+*/%]?= ?[^=].*"
              + "|.*[;{}]");

  private static final int LONGEST_CODE_LINE = 1000;

  /**
   * The code that a completion answers with: of the part after the last {@code </think>}, and of
   * that what is in the last {@code <answer>} where there is one, the chosen fenced block; without
   * any fence all of it, if it looks like code. A last fence that is never closed reaches to the
   * end.
   *
   * @param accepted tags of blocks that are looked at; blocks without a tag always are
   */
  static Optional<CodeBlock> in(String completion, Take take, List<String> accepted) {
    String answer = answer(completion);
    List<CodeBlock> blocks = fenced(answer);
    if (blocks.isEmpty()) {
      return answer.lines().anyMatch(CodeBlock::isCode)
          ? Optional.of(new CodeBlock("", answer.strip() + "\n"))
          : Optional.empty();
    }
    blocks.removeIf(
        block ->
            block.code().isBlank() || !block.tag().isEmpty() && !accepted.contains(block.tag()));
    if (blocks.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        switch (take) {
          case FIRST -> blocks.getFirst();
          case LAST -> blocks.getLast();
          case LONGEST ->
              blocks.stream().reduce((a, b) -> b.code().length() > a.code().length() ? b : a).get();
          case ALL ->
              new CodeBlock(
                  blocks.getFirst().tag(),
                  String.join("\n", blocks.stream().map(CodeBlock::code).toList()));
        });
  }

  private static String answer(String completion) {
    int thought = completion.lastIndexOf("</think>");
    String text = thought < 0 ? completion : completion.substring(thought + "</think>".length());
    int end = text.lastIndexOf("</answer>");
    int start = text.lastIndexOf("<answer>", end < 0 ? text.length() : end);
    return start < 0
        ? text
        : text.substring(start + "<answer>".length(), end < start ? text.length() : end);
  }

  private static boolean isCode(String line) {
    String text = line.length() > LONGEST_CODE_LINE ? "" : line.strip();
    return CODE_LINE.matcher(text).matches() && !text.matches("(from|import|class|return) .*[.?!]");
  }

  private static List<CodeBlock> fenced(String text) {
    List<CodeBlock> blocks = new ArrayList<>();
    String opening = "";
    String tag = "";
    int start = 0;
    for (int line = 0; line < text.length(); ) {
      int end = text.indexOf('\n', line);
      int next = end < 0 ? text.length() : end + 1;
      String fence = fence(text, line, next);
      String after = fence.isEmpty() ? "" : text.substring(line, next).strip();
      after = after.substring(Math.min(fence.length(), after.length())).strip();
      if (opening.isEmpty() && !fence.isEmpty() && after.indexOf('`') < 0) {
        opening = fence;
        tag = tag(after);
        start = next;
      } else if (!opening.isEmpty() && fence.startsWith(opening) && after.isEmpty()) {
        blocks.add(new CodeBlock(tag, text.substring(start, line)));
        opening = "";
      }
      line = next;
    }
    if (!opening.isEmpty()) {
      blocks.add(new CodeBlock(tag, text.substring(start)));
    }
    return blocks;
  }

  /** The three or more marks that a line begins with, after at most three spaces. */
  private static String fence(String text, int from, int to) {
    int start = from;
    while (start < to && start - from < 3 && text.charAt(start) == ' ') {
      start++;
    }
    int end = start;
    while (end < to
        && text.charAt(end) == text.charAt(start)
        && "`~".indexOf(text.charAt(end)) >= 0) {
      end++;
    }
    return end - start < 3 ? "" : text.substring(start, end);
  }

  private static String tag(String after) {
    int end = 0;
    while (end < after.length() && " \t{:,".indexOf(after.charAt(end)) < 0) {
      end++;
    }
    return after.substring(0, end).toLowerCase(Locale.ROOT);
  }
}
