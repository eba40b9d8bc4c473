package io.whetstone.rewards.behaviour;

import java.lang.Character.UnicodeScript;
import java.util.Map;
import java.util.Optional;

/**
 * What is known of a word's language.
 *
 * @param script the word's
 * @param code ISO 639-1; empty where the script has several languages and the text is too short to
 *     tell
 */
record Language(UnicodeScript script, Optional<String> code) {

  /** Scripts that one language of those we know writes in. */
  private static final Map<UnicodeScript, String> ONLY =
      Map.ofEntries(
          Map.entry(UnicodeScript.HIRAGANA, "ja"),
          Map.entry(UnicodeScript.KATAKANA, "ja"),
          Map.entry(UnicodeScript.HANGUL, "ko"),
          Map.entry(UnicodeScript.BOPOMOFO, "zh"),
          Map.entry(UnicodeScript.THAI, "th"),
          Map.entry(UnicodeScript.HEBREW, "he"),
          Map.entry(UnicodeScript.GREEK, "el"),
          Map.entry(UnicodeScript.BENGALI, "bn"),
          Map.entry(UnicodeScript.GUJARATI, "gu"),
          Map.entry(UnicodeScript.GURMUKHI, "pa"),
          Map.entry(UnicodeScript.KANNADA, "kn"),
          Map.entry(UnicodeScript.MALAYALAM, "ml"),
          Map.entry(UnicodeScript.TAMIL, "ta"),
          Map.entry(UnicodeScript.TELUGU, "te"));

  /** The language of a script that has one; {@code empty} for the others, and for Han. */
  static Optional<String> only(UnicodeScript script) {
    return Optional.ofNullable(ONLY.get(script));
  }

  /** The script in which a language is written, Latin where nothing else is known. */
  static UnicodeScript scriptOf(String code) {
    return switch (code) {
      case "zh" -> UnicodeScript.HAN;
      case "ru", "uk", "bg", "mk" -> UnicodeScript.CYRILLIC;
      case "ar", "fa", "ur" -> UnicodeScript.ARABIC;
      case "hi", "mr", "ne" -> UnicodeScript.DEVANAGARI;
      default ->
          ONLY.entrySet().stream()
              .filter(entry -> entry.getValue().equals(code))
              .map(Map.Entry::getKey)
              .findFirst()
              .orElse(UnicodeScript.LATIN);
    };
  }

  /** Whether the word may be one of the language's. */
  boolean isIn(String target) {
    return code.map(target::equals).orElseGet(() -> script == scriptOf(target));
  }

  /** The code, or the script's name where the language is not known. */
  String text() {
    return code.orElseGet(() -> script.toString().toLowerCase(java.util.Locale.ROOT));
  }
}
