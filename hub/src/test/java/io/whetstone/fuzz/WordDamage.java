package io.whetstone.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Puts words and signs of a text elsewhere, leaves them out, or repeats them. */
final class WordDamage implements Damage {
  private static final Pattern WORD = Pattern.compile("\\w+|\\s+|[^\\w\\s]+");
  private static final String[] NUMBERS = {"0", "-1", "1e9", "2147483648", "99999999999999999999"};

  @Override
  public byte[] of(byte[] file, RandomGenerator random) {
    String text = new String(file, StandardCharsets.UTF_8);
    List<String> words =
        new ArrayList<>(WORD.matcher(text).results().map(MatchResult::group).toList());
    int times = 1 + random.nextInt(3);
    for (int i = 0; i < times && !words.isEmpty(); i++) {
      once(words, random);
    }
    return String.join("", words).getBytes(StandardCharsets.UTF_8);
  }

  private static void once(List<String> words, RandomGenerator random) {
    int at = random.nextInt(words.size());
    int other = random.nextInt(words.size());
    switch (random.nextInt(6)) {
      case 0 -> words.remove(at);
      case 1 -> words.set(at, words.get(other));
      case 2 -> words.add(at, words.get(other));
      case 3 -> Collections.swap(words, at, other);
      case 4 -> words.set(at, words.get(at).repeat(1 << random.nextInt(10)));
      default -> words.set(at, NUMBERS[random.nextInt(NUMBERS.length)]);
    }
  }
}
