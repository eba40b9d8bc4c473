package io.whetstone.generation;

import java.util.List;
import java.util.Set;

/**
 * When a completion ends.
 *
 * @param maxTokens at most this many tokens are drawn, ≥ 1
 * @param tokens drawing any of these ends the completion
 * @param strings text containing any of these ends the completion
 */
public record StopRules(int maxTokens, Set<Integer> tokens, List<String> strings) {
  public StopRules {
    if (maxTokens < 1) {
      throw new IllegalArgumentException("max-tokens: " + maxTokens + " is not ≥ 1");
    }
    if (strings.stream().anyMatch(String::isEmpty)) {
      throw new IllegalArgumentException("stop-strings: an empty string would end everything");
    }
    tokens = Set.copyOf(tokens);
    strings = List.copyOf(strings);
  }
}
