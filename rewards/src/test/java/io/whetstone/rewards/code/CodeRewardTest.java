package io.whetstone.rewards.code;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.ScoredGroup;
import io.whetstone.rewards.WeightedReward;
import io.whetstone.rewards.sandbox.Sandbox;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CodeRewardTest {

  private static final String SUM = "a, b = map(int, input().split())\nprint(a + b)";
  private static final Object SUMS =
      Map.of("inputs", List.of("1 2\n", "3 4\n", "0 0"), "outputs", List.of("3\n", "7", "0"));
  private static final Object CALLS =
      Map.of(
          "fn_name",
          "f",
          "inputs",
          List.of(List.of(1, 2), List.of(3, 4)),
          "outputs",
          List.of(3, 7));

  private static Task task(Map<String, Object> fields) {
    return new Task("t", "p", Optional.empty(), List.of(), fields);
  }

  private static String fenced(String code) {
    return "So:\n```python\n" + code + "\n```\n";
  }

  private static Score score(Reward reward, String code, Map<String, Object> fields)
      throws Exception {
    return reward
        .score(new Group(task(fields), "", List.of(Candidate.of(fenced(code)))))
        .getFirst();
  }

  private static void assertOutcome(Outcome outcome, String note, Score score) {
    assertEquals(outcome, score.outcome(), score.toString());
    assertEquals(note, score.notes().getOrDefault("failure", ""));
  }

  @Test
  void exchanges() throws Exception {
    Optional<Reward> reward = Rewards.code("exchanges", Map.of());
    if (reward.isEmpty()) {
      return;
    }
    Map<String, Object> tests = Map.of("tests", SUMS);
    Score right = score(reward.get(), SUM, tests);
    assertOutcome(Outcome.CORRECT, "", right);
    assertEquals("3 of 3 passed", right.notes().get("tests"));
    assertEquals(Optional.of(SUM + "\n"), right.extracted());
    assertOutcome(
        Outcome.WRONG,
        "test 2: line 1 is \"3\"; expected \"7\"",
        score(reward.get(), "print(3)", tests));
    assertOutcome(
        Outcome.WRONG,
        "test 1: exit status 1: ZeroDivisionError: division by zero",
        score(reward.get(), "print(3)\n1 / 0", tests));
    assertOutcome(
        Outcome.CORRECT,
        "",
        score(
            reward.get(),
            "import sys\n"
                + "if __name__ == '__main__':\n"
                + "  print(sum(map(int, sys.stdin.read().split())))\n"
                + "  exit()",
            tests));
    List<Score> group =
        reward
            .get()
            .score(
                new Group(
                    task(tests),
                    "",
                    List.of(
                        Candidate.of("I do not know."),
                        Candidate.of(fenced(SUM)),
                        Candidate.of(fenced("print(0)")))));
    assertEquals(
        List.of(Outcome.UNPARSEABLE, Outcome.CORRECT, Outcome.WRONG),
        group.stream().map(Score::outcome).toList());
    assertEquals(Outcome.NOT_APPLICABLE, score(reward.get(), SUM, Map.of()).outcome());
  }

  @Test
  void calls() throws Exception {
    Optional<Reward> reward = Rewards.code("calls", Map.of("preamble", "from typing import *"));
    if (reward.isEmpty()) {
      return;
    }
    Map<String, Object> tests = Map.of("tests", CALLS);
    assertOutcome(Outcome.CORRECT, "", score(reward.get(), "def f(a, b): return a + b", tests));
    assertOutcome(
        Outcome.CORRECT,
        "",
        score(
            reward.get(),
            "class Solution:\n  def f(self, a: List[int], b) -> Any: return a + b",
            tests));
    assertOutcome(
        Outcome.WRONG,
        "test 2: returned 3; expected 7",
        score(reward.get(), "def f(a, b): return 3", tests));
    assertOutcome(
        Outcome.WRONG,
        "test 1: KeyError: 1",
        score(reward.get(), "def f(a, b): return {}[a]", tests));
    assertOutcome(
        Outcome.WRONG,
        "test 1: there is no function f",
        score(reward.get(), "def g(): pass", tests));
    assertOutcome(
        Outcome.WRONG,
        "not loaded: NameError: name 'x' is not defined",
        score(reward.get(), "x.f()", tests));
    // A call sees nothing of those before it.
    assertOutcome(
        Outcome.CORRECT,
        "",
        score(
            reward.get(),
            "seen = []\ndef f(a, b):\n  seen.append(a)\n  return a + b if len(seen) == 1 else 0",
            tests));
    Map<String, Object> row =
        Map.of(
            "fn_name",
            "f",
            "args",
            List.of(1.5, "é\"\\\n😀"),
            "kwargs",
            Map.of("k", List.of(true)),
            "expected",
            Map.of("a", List.of(1.5000000001, "é\"\\\n😀"), "1", List.of(List.of(3, 1, 2), true)));
    assertOutcome(
        Outcome.CORRECT,
        "",
        score(
            reward.get(),
            "def f(x, y, *, k): return {'a': (x, y), 1: [{1, 2, 3}, k[0]]}",
            Map.of("tests", List.of(row))));
  }

  @Test
  void checks() throws Exception {
    Optional<Reward> reward = Rewards.code("checks", Map.of());
    if (reward.isEmpty()) {
      return;
    }
    String right = "def add(a, b): return a + b";
    Map<String, Object> tests = Map.of("tests", "assert add(1, 2) == 3\nassert add(2, 2) == 4\n");
    assertOutcome(Outcome.CORRECT, "", score(reward.get(), right, tests));
    assertOutcome(
        Outcome.WRONG,
        "test 1: exit status 1: AssertionError",
        score(reward.get(), "def add(a, b): return 3", tests));
    String unittest =
        "import unittest\n"
            + "class T(unittest.TestCase):\n"
            + "  def test(self): self.assertEqual(add(1, 2), 3)\n"
            + "if __name__ == '__main__':\n"
            + "  unittest.main()\n";
    assertOutcome(Outcome.CORRECT, "", score(reward.get(), right, Map.of("tests", unittest)));
    assertOutcome(
        Outcome.WRONG,
        "test 1: exit status 1: FAILED (failures=1)",
        score(reward.get(), "def add(a, b): return 0", Map.of("tests", unittest)));
    assertOutcome(
        Outcome.CORRECT,
        "",
        score(
            reward.get(),
            right,
            Map.of("tests", "assert add(1, 1) == 2\nimport sys; sys.exit(0)")));
    assertOutcome(
        Outcome.CORRECT,
        "",
        score(
            reward.get(),
            right,
            Map.of("test", "def check(c):\n  assert c(1, 2) == 3\n", "entry_point", "add")));
  }

  @Test
  void partialCreditAndTimeouts() throws Exception {
    Optional<Reward> reward =
        Rewards.code("partialCreditAndTimeouts", Map.of("credit", "partial", "time", "500ms"));
    if (reward.isEmpty()) {
      return;
    }
    assertEquals(
        1.0 / 3, score(reward.get(), "print(7)", Map.of("tests", SUMS)).value().getAsDouble());
    assertEquals(
        0.5,
        score(
                reward.get(),
                "def f(a, b):\n  while a == 1: pass\n  return a + b",
                Map.of("tests", CALLS))
            .value()
            .getAsDouble());
    Score late = score(reward.get(), "while True: pass", Map.of("tests", SUMS));
    assertEquals(Outcome.TIMEOUT, late.outcome());
    assertEquals(0, late.value().getAsDouble());
  }

  @Test
  void theRewardsDeadlineEndsItsPrograms() throws Exception {
    Optional<Reward> reward = Rewards.code("theRewardsDeadlineEndsItsPrograms", Map.of());
    if (reward.isEmpty()) {
      return;
    }
    Duration deadline = Duration.ofMillis(700);
    WeightedReward weighted = new WeightedReward("code", reward.get(), 1, deadline);
    try (RewardPipeline pipeline = new RewardPipeline(List.of(weighted), 1)) {
      Group group =
          new Group(
              task(Map.of("tests", SUMS)),
              "",
              List.of(
                  Candidate.of(fenced("import time\ntime.sleep(99)")), Candidate.of(fenced(SUM))));
      ScoredGroup scored = pipeline.score(List.of(group)).getFirst();
      assertEquals(Outcome.TIMEOUT, scored.scores().get("code").getFirst().outcome());
      assertTrue(scored.totals().getFirst().isEmpty());
      long giveUp = System.nanoTime() + 20_000_000_000L;
      while (pipeline.abandoned() > 0 && System.nanoTime() < giveUp) {
        Thread.sleep(5);
      }
      assertEquals(0, pipeline.abandoned());
      assertEquals(0, ProcessHandle.current().descendants().count());
    }
  }

  @Test
  void otherLanguages() throws Exception {
    if (Sandbox.onPath("g++").isEmpty()) {
      System.out.println("NOT RUN: otherLanguages: there is no g++");
      return;
    }
    Map<String, Object> cpp =
        Map.of(
            "file",
            "main.cpp",
            "compile",
            "g++ -O0 -o main main.cpp",
            "run",
            "./main",
            "fences",
            List.of("c++"),
            "compile-time",
            "60s");
    Map<String, Object> shell = Map.of("file", "main.sh", "run", "sh main.sh");
    Optional<Reward> reward =
        Rewards.code(
            "otherLanguages",
            Map.of("languages", Map.of("cpp", cpp, "sh", shell), "total-time", "90s"));
    if (reward.isEmpty()) {
      return;
    }
    String sum =
        "#include <cstdio>\n"
            + "int main() { int a, b; scanf(\"%d %d\", &a, &b); printf(\"%d\\n"
            + "\", a + b); }";
    Group group =
        new Group(
            task(Map.of("tests", SUMS)),
            "",
            List.of(
                Candidate.of("```c++\n" + sum + "\n```"),
                Candidate.of("```cpp\nint main() { return x; }\n```"),
                Candidate.of("```sh\nread a b; echo $((a + b))\n```"),
                Candidate.of(fenced(SUM))));
    List<Score> scores = reward.get().score(group);
    assertOutcome(Outcome.CORRECT, "", scores.get(0));
    assertEquals(Outcome.WRONG, scores.get(1).outcome());
    assertTrue(
        scores.get(1).notes().get("failure").startsWith("not compiled: main.cpp:1:"),
        scores.get(1).toString());
    assertOutcome(Outcome.CORRECT, "", scores.get(2));
    assertOutcome(Outcome.CORRECT, "", scores.get(3));
    Group asked =
        new Group(
            task(Map.of("tests", SUMS, "language", "C++")),
            "",
            List.of(Candidate.of(fenced(SUM)), Candidate.of("```\n" + sum + "\n```")));
    assertEquals(
        List.of(Outcome.UNPARSEABLE, Outcome.CORRECT),
        reward.get().score(asked).stream().map(Score::outcome).toList());
    assertThrows(
        DatasetException.class,
        () -> reward.get().check(task(Map.of("tests", CALLS, "language", "cpp"))));
    assertEquals(
        "task t: language: \"rust\" is not known; known: c++, cpp, py, py3, python, python3, sh;"
            + " add it to languages, or name another language-field",
        assertThrows(
                DatasetException.class,
                () -> reward.get().check(task(Map.of("tests", SUMS, "language", "rust"))))
            .getMessage());
  }

  @Test
  void efficiencyAgainstAReference() throws Exception {
    Optional<Reward> reward =
        Rewards.named(
            "code-efficiency",
            "efficiencyAgainstAReference",
            Map.of("rounds", 2, "memory-weight", 0.5));
    if (reward.isEmpty()) {
      return;
    }
    String fast = "print(sum(range(int(input()))))";
    String slow =
        "t = 0\n"
            + "l = list(range(3000000))\n"
            + "for i in range(int(input())):\n"
            + "  for j in range(300): t += i / 300\n"
            + "print(round(t))";
    Map<String, Object> fields =
        Map.of("tests", List.of(Map.of("input", "5000", "output", "12497500")), "solution", fast);
    List<Score> scores =
        reward
            .get()
            .score(
                new Group(
                    task(fields),
                    "",
                    List.of(
                        Candidate.of(fenced(fast)),
                        Candidate.of(fenced(slow)),
                        Candidate.of(fenced("print(1)")))));
    assertEquals(Outcome.SCORED, scores.get(0).outcome(), scores.toString());
    assertEquals(Outcome.SCORED, scores.get(1).outcome(), scores.toString());
    assertTrue(scores.get(1).value().getAsDouble() < 0.6, scores.toString());
    assertTrue(
        scores.get(1).value().getAsDouble() < scores.get(0).value().getAsDouble(),
        scores.toString());
    assertEquals(Outcome.WRONG, scores.get(2).outcome());
    assertThrows(
        DatasetException.class,
        () -> reward.get().check(task(Map.of("tests", fields.get("tests")))));
  }

  @Test
  void withoutASandboxOnlyInSoManyWords() throws Exception {
    if (Sandbox.onPath("python3").isEmpty()) {
      System.out.println("NOT RUN: withoutASandboxOnlyInSoManyWords: there is no python3");
      return;
    }
    Reward reward = RewardCatalog.ofClassPath().create("code", Map.of("sandbox", "none"));
    assertOutcome(Outcome.CORRECT, "", score(reward, SUM, Map.of("tests", SUMS)));
    assertOutcome(
        Outcome.CORRECT, "", score(reward, "def f(a, b): return a + b", Map.of("tests", CALLS)));
    assertOutcome(
        Outcome.CORRECT,
        "",
        score(reward, "def f(): return 1", Map.of("tests", "assert f() == 1")));
    assertFalse(
        assertThrows(
                IllegalArgumentException.class,
                () -> RewardCatalog.ofClassPath().create("code", Map.of("sandbox", "off")))
            .getMessage()
            .isEmpty());
  }
}
