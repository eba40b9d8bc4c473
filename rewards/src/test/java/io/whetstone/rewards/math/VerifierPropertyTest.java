package io.whetstone.rewards.math;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.rewards.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class VerifierPropertyTest {

  private static final String[] PIECES = {
    "\\frac",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "^",
    "_",
    "\\sqrt",
    "\\boxed{",
    "$",
    "|",
    ",",
    "=",
    "<",
    "\\cup",
    "\\pm",
    "!",
    "%",
    "\\text{",
    "\\begin{pmatrix}",
    "&",
    "\\\\",
    "\\end{pmatrix}",
    "-",
    "1",
    "x",
    "\\infty",
    "\\{",
    "\\}",
    ".",
    " ",
    "\\",
    "10^10",
    "'",
    "\u221a",
    "\ud83d",
    "\u0000",
    "or",
    "\\log_",
    "...",
    "^\\circ",
    "\\overline{3}",
    ":",
    "1e99",
    "\\left",
    "mod"
  };

  @Test
  void everyAnswerIsItself() {
    List<String> failures = new ArrayList<>();
    for (String answer : Tables.answers()) {
      String verdict = Tables.verdict(answer, Tables.boxed(answer));
      if (!verdict.equals("correct") && !verdict.equals("gold")) {
        failures.add(answer + ": " + verdict);
      }
    }
    assertEquals(List.of(), failures);
  }

  @Test
  void nothingThrows() throws Exception {
    List<String> answers = Tables.answers();
    SplittableRandom random = new SplittableRandom(6);
    Gold[] golds = {
      Tables.VERIFIER.gold("5"), Tables.VERIFIER.gold("x^2-1"), Tables.VERIFIER.gold("(1,2)")
    };
    for (int i = 0; i < 6_000; i++) {
      String mutated = mutated(answers.get(random.nextInt(answers.size())), random);
      String completion = random.nextInt(3) == 0 ? mutated : Tables.boxed(mutated);
      Verdict verdict = Tables.VERIFIER.verify(golds[i % golds.length], completion);
      assertEquals(false, verdict.outcome() == Outcome.ERROR, completion);
      Tables.verdict(mutated, "5"); // as a gold answer it is read or refused
    }
  }

  private static String mutated(String answer, SplittableRandom random) {
    StringBuilder text = new StringBuilder(answer);
    for (int change = random.nextInt(1, 5); change > 0; change--) {
      int at = random.nextInt(text.length() + 1);
      switch (random.nextInt(3)) {
        case 0 -> text.insert(at, PIECES[random.nextInt(PIECES.length)]);
        case 1 -> text.delete(at, Math.min(text.length(), at + random.nextInt(1, 4)));
        default -> text.insert(at, text.substring(at / 2, at));
      }
    }
    return text.toString();
  }

  @Test
  void threadsShareAVerifier() {
    List<String[]> rows = Tables.rows("cases.tsv");
    List<String> wrong =
        IntStream.range(0, 8 * rows.size())
            .parallel()
            .mapToObj(i -> rows.get(i % rows.size()))
            .filter(row -> !Tables.verdict(row[0], Tables.boxed(row[1])).equals(row[2]))
            .map(row -> row[0])
            .toList();
    assertEquals(List.of(), wrong);
  }
}
