package io.whetstone.rewards.behaviour;

import java.lang.Character.UnicodeScript;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The words of a text, each with its language.
 *
 * <p>A word is a run of letters of one script; where a script is written without spaces (Han, kana,
 * Thai), each letter counts as one. Single letters of other scripts are variables; formulas, code,
 * addresses, tags and LaTeX commands are left out. A word's script decides where only one language
 * has it; Han is Japanese where kana stand in the text, else Chinese; in Latin, Cyrillic, Arabic
 * and Devanagari the detector reads the text, and each sentence that is long enough for another
 * finding.
 */
final class LanguageWords {

  private static final Pattern NOT_LANGUAGE =
      Pattern.compile(
          "```[^`]*```|`[^`\\n]*`|\\$[^$\\n]*\\$|\\\\\\[.*?\\\\]|\\\\\\(.*?\\\\\\)"
              + "|\\\\[A-Za-z]+|https?://\\S+|</?[A-Za-z_]+>",
          Pattern.DOTALL);
  private static final Pattern SENTENCE = Pattern.compile("[^.!?。！？\\n]+");
  private static final Pattern WORD = Pattern.compile("\\p{L}[\\p{L}\\p{M}]*");

  private static final Set<UnicodeScript> UNSPACED =
      EnumSet.of(
          UnicodeScript.HAN, UnicodeScript.HIRAGANA, UnicodeScript.KATAKANA, UnicodeScript.THAI);

  /** Letters of a text, and of a sentence that differs from its text, below which none is told. */
  private static final int LEAST_OF_TEXT = 12;

  private static final int LEAST_OF_SENTENCE = 25;

  /** Sentences that are read one by one; the rest of an endless thought is taken as the text. */
  private static final int MOST_SENTENCES = 500;

  private record Word(String text, UnicodeScript script, int sentence) {}

  private final LanguageDetection detection = new LanguageDetection();

  /** The languages of a text's words, in their order. */
  List<Language> of(String text) {
    List<Word> words = words(NOT_LANGUAGE.matcher(text).replaceAll(" "));
    Map<UnicodeScript, Optional<String>> ofText = new LinkedHashMap<>();
    Map<Integer, Optional<String>> ofSentence = new LinkedHashMap<>();
    Set<UnicodeScript> scripts = new LinkedHashSet<>();
    words.forEach(word -> scripts.add(word.script()));
    boolean kana =
        scripts.contains(UnicodeScript.HIRAGANA) || scripts.contains(UnicodeScript.KATAKANA);
    for (UnicodeScript script : scripts) {
      ofText.put(
          script,
          script == UnicodeScript.HAN
              ? Optional.of(kana ? "ja" : "zh")
              : Language.only(script).or(() -> detect(words, script)));
    }
    List<Language> languages = new ArrayList<>();
    for (int i = 0; i < words.size(); i++) {
      Word word = words.get(i);
      Optional<String> code = ofText.get(word.script());
      if (isAmbiguous(word.script())) {
        int key = word.sentence() * UnicodeScript.values().length + word.script().ordinal();
        if (!ofSentence.containsKey(key)) {
          ofSentence.put(
              key, ofSentence.size() < MOST_SENTENCES ? ofSentence(words, i, code) : code);
        }
        code = ofSentence.get(key);
      }
      languages.add(new Language(word.script(), code));
    }
    return languages;
  }

  private static boolean isAmbiguous(UnicodeScript script) {
    return switch (script) {
      case LATIN, CYRILLIC, ARABIC, DEVANAGARI -> true;
      default -> false;
    };
  }

  private static List<Word> words(String text) {
    List<Word> words = new ArrayList<>();
    Matcher sentences = SENTENCE.matcher(text);
    for (int sentence = 0; sentences.find(); sentence++) {
      Matcher runs = WORD.matcher(sentences.group());
      while (runs.find()) {
        split(runs.group(), sentence, words);
      }
    }
    return words;
  }

  /** Cuts a run of letters where its script changes: 用Python写. */
  private static void split(String run, int sentence, List<Word> into) {
    int from = 0;
    UnicodeScript script = null;
    for (int at = 0; at < run.length(); at += Character.charCount(run.codePointAt(at))) {
      UnicodeScript next = UnicodeScript.of(run.codePointAt(at));
      boolean follows = next == UnicodeScript.INHERITED || next == UnicodeScript.COMMON;
      if (script != null && !follows && (next != script || UNSPACED.contains(script))) {
        add(run.substring(from, at), script, sentence, into);
        from = at;
        script = null;
      }
      script = script == null ? next : script;
    }
    add(run.substring(from), script, sentence, into);
  }

  private static void add(String text, UnicodeScript script, int sentence, List<Word> into) {
    boolean variable = !UNSPACED.contains(script) && text.codePointCount(0, text.length()) == 1;
    if (!variable && script != UnicodeScript.COMMON) {
      into.add(new Word(text, script, sentence));
    }
  }

  private Optional<String> detect(List<Word> words, UnicodeScript script) {
    StringBuilder text = new StringBuilder();
    words.stream()
        .filter(word -> word.script() == script)
        .forEach(word -> text.append(word.text()).append(' '));
    if (text.length() < LEAST_OF_TEXT) {
      return Optional.empty();
    }
    return detection.probabilities(text.toString()).entrySet().stream()
        .findFirst()
        .filter(best -> best.getValue() >= 0.7 && Language.scriptOf(best.getKey()) == script)
        .map(Map.Entry::getKey);
  }

  /** A sentence's own language where that is beyond doubt, else the text's. */
  private Optional<String> ofSentence(List<Word> words, int first, Optional<String> ofText) {
    StringBuilder text = new StringBuilder();
    Word in = words.get(first);
    for (int i = first; i < words.size() && words.get(i).sentence() == in.sentence(); i++) {
      if (words.get(i).script() == in.script()) {
        text.append(words.get(i).text()).append(' ');
      }
    }
    if (text.length() < LEAST_OF_SENTENCE) {
      return ofText;
    }
    Map<String, Double> found = detection.probabilities(text.toString());
    return found.entrySet().stream()
        .findFirst()
        .filter(best -> best.getValue() >= 0.95 && Language.scriptOf(best.getKey()) == in.script())
        .filter(best -> ofText.isEmpty() || found.getOrDefault(ofText.get(), 0.0) < 0.02)
        .map(Map.Entry::getKey)
        .or(() -> ofText);
  }
}
