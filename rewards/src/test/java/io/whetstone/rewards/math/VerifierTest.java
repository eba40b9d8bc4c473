package io.whetstone.rewards.math;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VerifierTest {

  @Test
  void everyForm() {
    List<String> failures = new ArrayList<>();
    List<String[]> rows = Tables.rows("cases.tsv");
    for (String[] row : rows) {
      check(row[0], row[1], row[2], failures);
      check(row[1], row[0], row[3], failures);
    }
    assertEquals(List.of(), failures);
    assertEquals(true, rows.size() > 400);
  }

  private static void check(String gold, String answer, String expected, List<String> failures) {
    String got = Tables.verdict(gold, Tables.boxed(answer));
    if (!got.equals(expected)) {
      failures.add("gold %s, answer %s: %s".formatted(gold, answer, got));
    }
  }

  @Test
  void theAnswerIsFound() throws Exception {
    List<String> failures = new ArrayList<>();
    Gold gold = Tables.VERIFIER.gold("424242");
    for (String[] row : Tables.rows("extraction.tsv")) {
      Verdict verdict = Tables.VERIFIER.verify(gold, row[0].replace("\\n", "\n"));
      if (!verdict.extracted().orElse("").equals(row[1])) {
        failures.add(row[0] + ": " + verdict.extracted());
      }
    }
    assertEquals(List.of(), failures);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "72|She has 48/2 = <<48/2=24>>24 left.~#### 72|correct",
        "So the answer is 9.~#### 72|72|correct",
        "\\boxed{\\frac{1}{2}}|0.5|correct",
        "$\\frac{1}{2}$|1/2|correct",
        "5|I do not know.|unparseable",
        "5|\\boxed{5 +}|unparseable",
        "5|\\boxed{(5}|unparseable",
        "5|\\boxed{}|unparseable",
        "5|''|unparseable",
        "blue|The answer is blue.|correct",
        "B|The answer is B because A is wrong.|correct",
        "B|(B) 12|correct",
        "B|(C) 12|wrong",
        "{1|1|gold",
        "3 +|3|gold",
        "\\frac{1}|1|gold",
        "''|1|gold",
      })
  void outcomes(String gold, String completion, String expected) {
    assertEquals(expected, Tables.verdict(gold.replace("~", "\n"), completion.replace("~", "\n")));
  }

  @Test
  void placesAreLookedAtInTheGivenOrder() throws Exception {
    String text = "\\boxed{1} <answer>2</answer> the answer is 3\n#### 4\nand 5";
    for (AnswerSource source : AnswerSource.values()) {
      Verifier verifier =
          new Verifier(List.of(source), 6, 5_000_000, java.time.Duration.ofSeconds(20));
      String number = String.valueOf(source.ordinal() + 1);
      String expected =
          source == AnswerSource.HASHES ? "4" : source == AnswerSource.PHRASE ? "3" : number;
      assertEquals(
          Optional.of(expected),
          verifier.verify(verifier.gold("0"), text).extracted(),
          "" + source);
    }
  }

  @Test
  void decimalsAreASetting() throws Exception {
    Verifier two =
        new Verifier(List.of(AnswerSource.LAST), 2, 5_000_000, java.time.Duration.ofSeconds(20));
    assertEquals("correct", two.verify(two.gold("\\pi"), "3.14").outcome().text());
    assertEquals("wrong", Tables.verdict("\\pi", "3.14"));
  }
}
