package io.whetstone.rewards;

import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Rewards failed so often within a step that training on the rest would be unsound. */
public final class TooManyAbsentException extends RuntimeException {

  TooManyAbsentException(long failed, long candidates, double share, Map<String, Integer> byNote) {
    super(
        String.format(
            Locale.ROOT,
            "rewards: %d of %d completions of this step have no value, more than the allowed %.1f"
                + " %%: %s",
            failed,
            candidates,
            100 * share,
            byNote.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder()))
                .limit(3)
                .map(entry -> entry.getValue() + " × " + entry.getKey())
                .collect(Collectors.joining("; "))));
  }
}
