package io.whetstone.rewards.instructions;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.whetstone.rewards.behaviour.LanguageDetection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;

/**
 * The 25 kinds of instruction of IFEval (Zhou et al. 2023), under their published names, with their
 * published arguments.
 */
final class Instructions {

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private static final Pattern WORDS = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern PLACEHOLDER = Pattern.compile("(?d)\\[.*?]");
  private static final Pattern STAR_BULLET = Pattern.compile("(?md)^\\s*\\*[^*].*$");
  private static final Pattern DASH_BULLET = Pattern.compile("(?md)^\\s*-.*$");
  private static final Pattern HIGHLIGHT = Pattern.compile("\\*[^\\n*]*\\*");
  private static final Pattern DOUBLE_HIGHLIGHT = Pattern.compile("\\*\\*[^\\n*]*\\*\\*");
  private static final Pattern TITLE = Pattern.compile("<<([^\\n]+)>>");
  private static final Pattern CAPITALS =
      Pattern.compile("(?<![\\p{L}\\p{N}_-])[\\p{L}\\p{N}_][\\p{L}\\p{N}_'’-]*");
  private static final List<String> ANSWERS =
      List.of("My answer is yes.", "My answer is no.", "My answer is maybe.");

  private final Map<String, Function<Arguments, Instruction>> kinds = new TreeMap<>();
  private final LanguageDetection languages = new LanguageDetection();

  Instructions() {
    words();
    lengths();
    contents();
    formats();
    wholes();
  }

  /** The names that are known. */
  List<String> names() {
    return List.copyOf(kinds.keySet());
  }

  /**
   * The instruction.
   *
   * @throws io.whetstone.datasets.DatasetException if an argument is missing or impossible
   */
  Instruction make(Arguments arguments) {
    return kinds.get(arguments.instruction()).apply(arguments);
  }

  private void words() {
    kinds.put(
        "keywords:existence",
        a -> {
          a.requireOnly("keywords");
          List<Pattern> all = a.texts("keywords").stream().map(Patterns::word).toList();
          return text -> all.stream().allMatch(word -> word.matcher(text).find());
        });
    kinds.put(
        "keywords:frequency",
        a -> {
          a.requireOnly("keyword", "frequency", "relation");
          Pattern word = Patterns.word(a.text("keyword").strip());
          IntPredicate relation = a.relation("relation", "frequency");
          return text -> relation.test(Patterns.count(word, text));
        });
    kinds.put(
        "keywords:forbidden_words",
        a -> {
          a.requireOnly("forbidden_words");
          List<Pattern> all = a.texts("forbidden_words").stream().map(Patterns::wholeWord).toList();
          return text -> all.stream().noneMatch(word -> word.matcher(text).find());
        });
    kinds.put(
        "keywords:letter_frequency",
        a -> {
          a.requireOnly("letter", "let_frequency", "let_relation");
          int letter = a.text("letter").strip().toLowerCase(Locale.ROOT).codePointAt(0);
          IntPredicate relation = a.relation("let_relation", "let_frequency");
          return text ->
              relation.test(
                  (int)
                      text.toLowerCase(Locale.ROOT).codePoints().filter(c -> c == letter).count());
        });
    kinds.put(
        "language:response_language",
        a -> {
          a.requireOnly("language");
          String language = a.text("language");
          return text -> languages.best(text).map(language::equals).orElse(true);
        });
  }

  private void lengths() {
    kinds.put(
        "length_constraints:number_sentences",
        a -> {
          a.requireOnly("num_sentences", "relation");
          IntPredicate relation = a.relation("relation", "num_sentences");
          return text -> relation.test(Sentences.count(text));
        });
    kinds.put(
        "length_constraints:number_words",
        a -> {
          a.requireOnly("num_words", "relation");
          IntPredicate relation = a.relation("relation", "num_words");
          return text -> relation.test(Patterns.count(WORDS, text));
        });
    kinds.put(
        "length_constraints:number_paragraphs",
        a -> {
          a.requireOnly("num_paragraphs");
          int wanted = a.whole("num_paragraphs");
          return text -> Paragraphs.divided(text) == wanted;
        });
    kinds.put(
        "length_constraints:nth_paragraph_first_word",
        a -> {
          a.requireOnly("num_paragraphs", "nth_paragraph", "first_word");
          int wanted = a.whole("num_paragraphs");
          int nth = a.whole("nth_paragraph");
          String word = a.text("first_word").toLowerCase(Locale.ROOT);
          return text -> Paragraphs.startsWith(text, wanted, nth, word);
        });
  }

  private void contents() {
    kinds.put(
        "detectable_content:number_placeholders",
        a -> {
          a.requireOnly("num_placeholders");
          int least = a.whole("num_placeholders");
          return text -> Patterns.count(PLACEHOLDER, text) >= least;
        });
    kinds.put(
        "detectable_content:postscript",
        a -> {
          a.requireOnly("postscript_marker");
          Pattern marker =
              switch (a.text("postscript_marker").strip()) {
                case "P.P.S" -> Pattern.compile("p\\.\\s?p\\.\\s?s");
                case "P.S." -> Pattern.compile("p\\.\\s?s\\.");
                case String other -> Pattern.compile(Pattern.quote(other.toLowerCase(Locale.ROOT)));
              };
          return text -> marker.matcher(text.toLowerCase(Locale.ROOT)).find();
        });
  }

  private void formats() {
    kinds.put(
        "detectable_format:number_bullet_lists",
        a -> {
          a.requireOnly("num_bullets");
          int wanted = a.whole("num_bullets");
          return text ->
              Patterns.count(STAR_BULLET, text) + Patterns.count(DASH_BULLET, text) == wanted;
        });
    kinds.put(
        "detectable_format:constrained_response",
        a -> {
          a.requireOnly();
          return text -> ANSWERS.stream().anyMatch(text::contains);
        });
    kinds.put(
        "detectable_format:number_highlighted_sections",
        a -> {
          a.requireOnly("num_highlights");
          int least = a.whole("num_highlights");
          return text -> highlights(text) >= least;
        });
    kinds.put(
        "detectable_format:multiple_sections",
        a -> {
          a.requireOnly("section_spliter", "num_sections");
          Pattern splitter =
              Pattern.compile(Pattern.quote(a.text("section_spliter").strip()) + "\\s?\\d+");
          int least = a.whole("num_sections");
          return text -> Patterns.count(splitter, text) >= least;
        });
    kinds.put(
        "detectable_format:json_format",
        a -> {
          a.requireOnly();
          return Instructions::isJson;
        });
    kinds.put(
        "detectable_format:title",
        a -> {
          a.requireOnly();
          return text ->
              TITLE
                  .matcher(text)
                  .results()
                  .anyMatch(m -> !m.group(1).replaceAll("[<>]", "").isBlank());
        });
  }

  private void wholes() {
    kinds.put(
        "combination:two_responses",
        a -> {
          a.requireOnly();
          return Paragraphs::areTwoResponses;
        });
    kinds.put(
        "combination:repeat_prompt",
        a -> {
          a.requireOnly("prompt_to_repeat");
          String prompt = a.text("prompt_to_repeat").strip().toLowerCase(Locale.ROOT);
          return text -> text.strip().toLowerCase(Locale.ROOT).startsWith(prompt);
        });
    kinds.put(
        "startend:end_checker",
        a -> {
          a.requireOnly("end_phrase");
          String phrase = a.text("end_phrase").strip().toLowerCase(Locale.ROOT);
          return text ->
              text.strip().replaceAll("^\"+|\"+$", "").toLowerCase(Locale.ROOT).endsWith(phrase);
        });
    kinds.put(
        "startend:quotation",
        a -> {
          a.requireOnly();
          return text -> {
            String all = text.strip();
            return all.length() > 1 && all.startsWith("\"") && all.endsWith("\"");
          };
        });
    kinds.put(
        "change_case:capital_word_frequency",
        a -> {
          a.requireOnly("capital_frequency", "capital_relation");
          IntPredicate relation = a.relation("capital_relation", "capital_frequency");
          return text ->
              relation.test(
                  (int) CAPITALS.matcher(text).results().filter(m -> isUpper(m.group())).count());
        });
    kinds.put(
        "change_case:english_capital",
        a -> {
          a.requireOnly();
          return text -> isUpper(text) && isEnglish(text);
        });
    kinds.put(
        "change_case:english_lowercase",
        a -> {
          a.requireOnly();
          return text -> isLower(text) && isEnglish(text);
        });
    kinds.put(
        "punctuation:no_comma",
        a -> {
          a.requireOnly();
          return text -> text.indexOf(',') < 0;
        });
  }

  private static int highlights(String text) {
    return (int)
        (HIGHLIGHT.matcher(text).results().filter(m -> holdsText(m.group())).count()
            + DOUBLE_HIGHLIGHT.matcher(text).results().filter(m -> holdsText(m.group())).count());
  }

  private static boolean holdsText(String highlight) {
    return !highlight.replace("*", "").isBlank();
  }

  private static boolean isJson(String text) {
    String body =
        text.strip().replaceFirst("^```(?:json|Json|JSON)?", "").replaceFirst("```$", "").strip();
    try {
      return !body.isEmpty() && JSON.readTree(body) != null;
    } catch (JsonProcessingException e) {
      return false;
    }
  }

  /** As Python's: at least one letter that has a case, and all those are upper. */
  private static boolean isUpper(String text) {
    return text.codePoints().anyMatch(Character::isUpperCase)
        && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
  }

  private static boolean isLower(String text) {
    return text.codePoints().anyMatch(Character::isLowerCase)
        && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
  }

  private boolean isEnglish(String text) {
    return languages.best(text).map("en"::equals).orElse(true);
  }
}
