package io.whetstone.rewards.math;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the final answer of a completion: what follows the thought is looked through first, and the
 * whole only where nothing is found there.
 */
final class AnswerExtractor {

  /**
   * @param text as it stands in the completion
   * @param source where it was found
   */
  record Found(String text, AnswerSource source) {}

  /** A final answer is near the end: of a longer completion the rest is not looked through. */
  private static final int LONGEST = 200_000;

  /** How much of the end is looked through for formulas and numbers that nothing announces. */
  private static final int TAIL = 20_000;

  private static final int LONGEST_WHOLE = 300;

  private static final Pattern PHRASE =
      Pattern.compile(
          "(?i)\\banswers?\\b[*_ ]{0,4}(?:(?:to|of|for)\\b[^.\\n:]{0,100}?)?"
              + "(?:[*_\\s]{0,4}(?:is|are|:|=|be|therefore|thus|simply)(?![a-z])[*_: ]{0,6})+|"
              + "(?i)\\bfinal answer\\b[*_ ]{0,4}\\n");
  private static final Pattern SENTENCE_END =
      Pattern.compile(
          "\\n"
              + "|[.!?](?=\\s|$|\\*\\*|[\"”])|(?<=[0-9a-zA-Z$)}]),? (?:because|since|so"
              + " that|where)\\b");
  private static final Pattern HASHES = Pattern.compile("(?m)^[ \\t]{0,8}####[ \\t]*(\\S.*)$");
  private static final Pattern NUMBER =
      Pattern.compile(
          "(?<![0-9a-zA-Z)}.])(-\\s?)?[$€£]?\\s?(?:[0-9]++ [0-9]++/[0-9]++|[0-9]++/[0-9]++"
              + "|(?:[0-9]{1,3}(?:,[0-9]{3})++(?![0-9])|[0-9]++)(?:\\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
              + "|\\.[0-9]++)(?:\\s?\\\\?%)?|[0-9]++(?:\\.[0-9]++)?");

  /** Markdown's, and not the power of {@code 2**3} or the product of {@code 2*3}. */
  private static final Pattern EMPHASIS =
      Pattern.compile(
          "\\*\\*(?![0-9a-zA-Z(])|(?<![0-9a-zA-Z)])\\*\\*|__|`|(?<![0-9a-zA-Z)}])\\*(?![0-9])");

  private final List<AnswerSource> order;

  /**
   * @param order which places are looked at, the first first
   */
  AnswerExtractor(List<AnswerSource> order) {
    this.order = List.copyOf(order);
  }

  /**
   * What may be the answer, the likeliest first; later ones are for where the earlier cannot be
   * read.
   */
  List<Found> extract(String whole) {
    String completion = whole.substring(Math.max(0, whole.length() - LONGEST));
    int thought = completion.lastIndexOf("</think>");
    if (thought >= 0) {
      List<Found> after = search(completion.substring(thought + "</think>".length()));
      if (!after.isEmpty()) {
        return after;
      }
    }
    return search(completion);
  }

  private List<Found> search(String text) {
    List<Found> found = new ArrayList<>();
    for (AnswerSource source : order) {
      List<String> candidates = candidates(source, text);
      for (String candidate : candidates) {
        if (!candidate.isBlank()) {
          found.add(new Found(candidate.strip(), source));
        }
      }
      if (source == AnswerSource.BOXED && !candidates.isEmpty()) {
        break; // an empty box is an answer, if none that can be read
      }
      if (!found.isEmpty()) {
        break;
      }
    }
    return found;
  }

  private static List<String> candidates(AnswerSource source, String text) {
    return switch (source) {
      case BOXED -> Boxes.last(text).stream().toList();
      case ANSWER_TAG -> tag(text);
      case HASHES -> hashes(text);
      case PHRASE -> phrase(text);
      case LAST -> last(text);
    };
  }

  private static List<String> tag(String text) {
    int end = text.lastIndexOf("</answer>");
    int start = end < 0 ? -1 : text.lastIndexOf("<answer>", end);
    if (start < 0) {
      return List.of();
    }
    String inner = text.substring(start + "<answer>".length(), end).strip();
    Optional<String> box = Boxes.last(inner);
    if (box.isPresent()) {
      return List.of(box.get());
    }
    List<String> candidates = new ArrayList<>(List.of(inner));
    candidates.addAll(phrase(inner));
    candidates.addAll(last(inner));
    return candidates;
  }

  private static List<String> hashes(String text) {
    String last = null;
    int end = 0;
    Matcher line = HASHES.matcher(text);
    while (line.find()) {
      last = trimmed(line.group(1));
      end = line.end();
    }
    boolean answers = last != null && (text.substring(end).isBlank() || Formulas.isFormula(last));
    return answers ? List.of(last) : List.of();
  }

  private static List<String> phrase(String text) {
    int from = -1;
    Matcher matcher = PHRASE.matcher(text);
    while (matcher.find()) {
      from = matcher.end();
    }
    if (from < 0) {
      return List.of();
    }
    String rest = text.substring(from, Math.min(text.length(), from + TAIL)).stripLeading();
    List<String> candidates = new ArrayList<>();
    Matcher end = SENTENCE_END.matcher(rest);
    String sentence = end.find() ? rest.substring(0, end.start()) : rest;
    if (sentence.length() <= LONGEST_WHOLE) {
      candidates.add(trimmed(sentence));
    }
    candidates.addAll(Formulas.all(rest).stream().limit(1).toList());
    Matcher number = NUMBER.matcher(sentence);
    if (number.find()) {
      candidates.add(number.group());
    }
    return candidates;
  }

  private static List<String> last(String text) {
    List<String> candidates = new ArrayList<>();
    String whole = trimmed(text);
    boolean isShort = whole.length() <= LONGEST_WHOLE && whole.indexOf('\n') < 0;
    if (isShort && Formulas.isFormula(whole)) {
      candidates.add(whole);
    } else {
      candidates.addAll(Formulas.atEnd(whole.substring(whole.lastIndexOf('\n') + 1)));
    }
    String tail = text.substring(Math.max(0, text.length() - TAIL));
    List<String> formulas = Formulas.all(tail);
    if (!formulas.isEmpty()) {
      candidates.add(trimmed(formulas.getLast()));
    }
    String last = null;
    Matcher number = NUMBER.matcher(tail);
    while (number.find()) {
      last = number.group();
    }
    if (last != null) {
      candidates.add(last);
    }
    if (isShort && whole.split("\\s+").length <= 3 && last == null) {
      candidates.add(whole);
    }
    return candidates;
  }

  private static String trimmed(String text) {
    String plain = EMPHASIS.matcher(text).replaceAll("").strip();
    int end = plain.length();
    while (end > 0 && ".,;:".indexOf(plain.charAt(end - 1)) >= 0) {
      end--;
    }
    return undelimited(plain.substring(0, end).strip());
  }

  /** A formula without the dollars around it. */
  private static String undelimited(String text) {
    String inner = text;
    for (String dollars : List.of("$$", "$")) {
      int length = dollars.length();
      if (text.length() > 2 * length
          && text.startsWith(dollars)
          && text.indexOf('$', length) == text.length() - length) {
        inner = text.substring(length, text.length() - length);
      }
    }
    return inner.strip();
  }
}
