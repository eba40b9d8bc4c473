package io.whetstone.rewards.code;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
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

  private static final Pattern FENCE =
      Pattern.compile("^ {0,3}(`{3,}|~{3,})[ \\t]*([^`\\n]*?)[ \\t]*$", Pattern.MULTILINE);

  // A line that code has and prose has not; good enough, since prose that has one will not run.
  private static final Pattern CODE_LINE =
      Pattern.compile(
          "^\\s*(def |class |import \\w|from [\\w.]+ import |print\\(|@\\w|#include|using \\w+|"
              + "public |fn |func |return\\b.*|(for|while|if|with|try|elif|else)\\b.*:\\s*|"
              + "[A-Za-z_][\\w.\\[\\]]*\\s*[-+*/%]?=[^=].*|.*[;{}]\\s*)$|"
              + "^(def|class|import|from|print|for|while)\\b.*[:()].*$",
          Pattern.MULTILINE);

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
      return CODE_LINE.matcher(answer).find()
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

  private static List<CodeBlock> fenced(String text) {
    List<CodeBlock> blocks = new ArrayList<>();
    Matcher fence = FENCE.matcher(text);
    int from = 0;
    while (fence.find(from)) {
      String opening = fence.group(1);
      String tag =
          fence.group(2).strip().split("[\\s{:,]", 2)[0].toLowerCase(java.util.Locale.ROOT);
      int start = Math.min(fence.end() + 1, text.length());
      int end = -1;
      from = text.length();
      for (int at = start; at < text.length() && end < 0 && fence.find(at); at = fence.end()) {
        boolean closes =
            fence.group(2).isEmpty()
                && fence.group(1).charAt(0) == opening.charAt(0)
                && fence.group(1).length() >= opening.length();
        if (closes) {
          end = fence.start();
          from = fence.end();
        }
      }
      blocks.add(new CodeBlock(tag, text.substring(start, end < 0 ? text.length() : end)));
    }
    return blocks;
  }
}
