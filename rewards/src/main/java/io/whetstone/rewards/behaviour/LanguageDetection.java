package io.whetstone.rewards.behaviour;

import com.optimaize.langdetect.DetectedLanguage;
import com.optimaize.langdetect.LanguageDetector;
import com.optimaize.langdetect.LanguageDetectorBuilder;
import com.optimaize.langdetect.i18n.LdLocale;
import com.optimaize.langdetect.ngram.NgramExtractors;
import com.optimaize.langdetect.profiles.LanguageProfileReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Tells the language of a text by its n-grams (optimaize language-detector, whose profiles are
 * those that IFEval's own detector has). Languages are ISO 639-1 codes; Chinese is {@code zh} in
 * both scripts.
 */
public final class LanguageDetection {

  /** Characters that are read at once: the algorithm for short texts drifts over long ones. */
  private static final int PIECE = 300;

  /** Pieces of a long text that are read, evenly spread: more add time, and no certainty. */
  private static final int PIECES = 8;

  /** Those of IFEval's detector: rarer ones are mostly mistaken for their large neighbours. */
  private static final List<String> LANGUAGES =
      List.of(
          "af", "ar", "bg", "bn", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "gu",
          "he", "hi", "hr", "hu", "id", "it", "ja", "kn", "ko", "lt", "lv", "mk", "ml", "mr", "ne",
          "nl", "no", "pa", "pl", "pt", "ro", "ru", "sk", "sl", "so", "sq", "sv", "sw", "ta", "te",
          "th", "tl", "tr", "uk", "ur", "vi", "zh-CN", "zh-TW");

  /** Read when first needed, never changed: a second or so, and a few megabytes. */
  private static final class Profiles {
    static final LanguageDetector DETECTOR = read();

    private static LanguageDetector read() {
      try {
        return LanguageDetectorBuilder.create(NgramExtractors.standard())
            .withProfiles(
                new LanguageProfileReader()
                    .readBuiltIn(LANGUAGES.stream().map(LdLocale::fromString).toList()))
            // The algorithm for short texts draws no random numbers.
            .shortTextAlgorithm(Integer.MAX_VALUE)
            .probabilityThreshold(1e-6)
            .build();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** The languages that can be told apart. */
  public List<String> languages() {
    return LANGUAGES.stream().map(LanguageDetection::code).distinct().toList();
  }

  private static String code(String locale) {
    return locale.startsWith("zh") ? "zh" : locale;
  }

  /** How probable each language is, the most probable first; empty for a text without letters. */
  public Map<String, Double> probabilities(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    int count = Math.clamp((lower.length() + PIECE - 1) / PIECE, 1, PIECES);
    Map<String, Double> sums = new HashMap<>();
    for (int p = 0; p < count; p++) {
      int from = (int) ((long) p * lower.length() / count);
      String piece = lower.substring(from, Math.min(lower.length(), from + PIECE));
      for (DetectedLanguage each : Profiles.DETECTOR.getProbabilities(piece)) {
        sums.merge(code(each.getLocale().toString()), each.getProbability() / count, Double::sum);
      }
    }
    Map<String, Double> sorted = new LinkedHashMap<>();
    sums.entrySet().stream()
        .sorted(
            Map.Entry.<String, Double>comparingByValue()
                .reversed()
                .thenComparing(Map.Entry.comparingByKey()))
        .forEach(entry -> sorted.put(entry.getKey(), entry.getValue()));
    return sorted;
  }

  /** The most probable language; empty for a text without letters. */
  public Optional<String> best(String text) {
    return probabilities(text).keySet().stream().findFirst();
  }
}
