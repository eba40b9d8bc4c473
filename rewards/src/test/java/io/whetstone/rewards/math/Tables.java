package io.whetstone.rewards.math;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** The tables of cases beside the tests, and the verifier that they are about. */
final class Tables {

  static final Verifier VERIFIER =
      new Verifier(List.of(AnswerSource.values()), 6, 5_000_000, Duration.ofSeconds(20));

  private Tables() {}

  /** The rows of a table: columns between tabs, without comments. */
  static List<String[]> rows(String name) {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                Tables.class.getResourceAsStream(name), StandardCharsets.UTF_8))) {
      return reader
          .lines()
          .filter(line -> !line.startsWith("# ") && !line.isBlank())
          .map(line -> line.split("\t", -1))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The verdict's outcome in words; {@code gold} where the gold answer cannot be read. */
  static String verdict(String gold, String completion) {
    try {
      return VERIFIER.verify(VERIFIER.gold(gold), completion).outcome().text();
    } catch (UnreadableException e) {
      return "gold";
    }
  }

  static String boxed(String answer) {
    return "So it is $\\boxed{" + answer + "}$.";
  }

  /** Every answer of the tables. */
  static List<String> answers() {
    return Stream.concat(rows("cases.tsv").stream(), rows("math-verify.tsv").stream())
        .flatMap(row -> Stream.of(row[0], row[1]))
        .distinct()
        .toList();
  }
}
