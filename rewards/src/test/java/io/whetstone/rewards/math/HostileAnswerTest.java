package io.whetstone.rewards.math;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.rewards.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is made to hang, to overflow or to exhaust. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HostileAnswerTest {

  private static final List<String> GOLDS = List.of("5", "x^2+1", "\\frac{\\pi}{7}", "(1,2)");

  static List<String> answers() {
    return List.of(
        "10^10^10",
        "10^{10^{10}}",
        "2^(2^(2^100))",
        "2^".repeat(3_000) + "2",
        "{".repeat(100_000) + "7" + "}".repeat(100_000),
        "{".repeat(900) + "7" + "}".repeat(900),
        "(".repeat(100_000),
        "\\frac{1}{".repeat(50_000) + "2" + "}".repeat(50_000),
        "1+\\frac{1}{".repeat(40) + "2" + "}".repeat(40),
        "a".repeat(1_000_000),
        "7".repeat(1_000_000),
        "7".repeat(100_000),
        "0." + "3".repeat(15_000),
        " ".repeat(1_000_000),
        "answer is ".repeat(100_000),
        "\\boxed{8} ".repeat(10_000),
        "\\boxed{".repeat(100_000),
        "100000000!",
        "((20!)!)!",
        "\\binom{1000000000}{500000000}",
        "(x+1)^{100000}",
        "(x+1)^{1000}",
        "(a+b+c+d+e)^{200}",
        "1e999999999",
        "2^{999999}",
        "1/0",
        "-".repeat(10_000) + "x",
        "1+".repeat(9_000) + "1",
        "x/".repeat(9_000) + "x",
        "\\pm1".repeat(1_000),
        "8" + "%".repeat(10_000),
        "(3,4)\\cup".repeat(1_500) + "(3,4)",
        "$".repeat(1_000_000),
        "\\(".repeat(300_000),
        "#### 8\n".repeat(100_000),
        "<answer>".repeat(100_000),
        "</think>".repeat(100_000),
        "\u202e\ud83d\ude00\u0000\uffff".repeat(10_000),
        "\ud83d".repeat(1_000),
        "\\text{1".repeat(3_000) + "}".repeat(3_000),
        "|".repeat(10_001),
        "(50\\%+3^\\circ)*".repeat(300) + "1",
        "1,000" + ",000".repeat(5_000),
        "1 or ".repeat(2_000) + "2",
        "(x+y+z+w)".repeat(100));
  }

  @ParameterizedTest
  @MethodSource("answers")
  void isAnswered(String answer) throws Exception {
    Verifier verifier =
        new Verifier(List.of(AnswerSource.values()), 6, 5_000_000, Duration.ofMillis(500));
    for (String gold : GOLDS) {
      for (String completion : List.of("\\boxed{" + answer + "}", answer)) {
        Outcome outcome = verifier.verify(verifier.gold(gold), completion).outcome();
        assertTrue(
            Set.of(Outcome.WRONG, Outcome.UNPARSEABLE, Outcome.TIMEOUT).contains(outcome),
            () -> gold + ": " + outcome);
      }
    }
  }

  @Test
  void aSmallStackIsEnough() throws Exception {
    List<Throwable> thrown = new java.util.ArrayList<>();
    Thread thread =
        new Thread(
            null,
            () -> {
              try {
                for (int depth = 1; depth < 200; depth++) {
                  String deep = "\\sqrt{1+".repeat(depth) + "x" + "}".repeat(depth);
                  Tables.verdict("5", Tables.boxed(deep));
                  Tables.verdict(deep, Tables.boxed(deep + "+1"));
                  Tables.verdict("5", "(".repeat(depth) + "x" + ")".repeat(depth));
                }
              } catch (Throwable e) {
                thrown.add(e);
              }
            },
            "small",
            512 * 1024);
    thread.start();
    thread.join();
    assertEquals(List.of(), thrown);
  }

  @Test
  void aSpentBudgetIsATimeoutAndNoVerdict() throws Exception {
    Verifier verifier = new Verifier(List.of(AnswerSource.BOXED), 6, 1_000, Duration.ofSeconds(20));
    Gold gold = verifier.gold("x^9");
    assertEquals(Outcome.TIMEOUT, verifier.verify(gold, "\\boxed{(x+y+z)^9}").outcome());
  }
}
