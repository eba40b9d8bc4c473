package io.whetstone.rewards.plugin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.WeightedReward;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Python programs as rewards; hostile and broken ones too. */
@Timeout(120)
class CommandRewardTest {

  @TempDir Path work;

  @BeforeAll
  static void python() throws Exception {
    boolean there;
    try {
      there = new ProcessBuilder("python3", "-c", "").start().waitFor() == 0;
    } catch (IOException e) {
      there = false;
    }
    if (!there) {
      System.out.println(
          "NOT RUN: CommandRewardTest: python3 is not on the PATH; install it (apt install python3)"
              + " to test rewards that are programs");
    }
    Assumptions.assumeTrue(there, "python3 is missing");
  }

  /** A program whose body handles one request and prints what it likes. */
  private Reward program(String body, Map<String, Object> more) throws IOException {
    String source =
        "import json, sys, time, os\n"
            + "def reply(q, **answer):\n"
            + "    print(json.dumps({'id': q['id'], **answer}))\n"
            + "for line in sys.stdin:\n"
            + "    q = json.loads(line)\n"
            + body.indent(4);
    Path file = Files.writeString(work.resolve("reward.py"), source);
    Map<String, Object> settings = new HashMap<>(more);
    settings.put("command", List.of("python3", file.toString()));
    return RewardCatalog.ofClassPath().create("command", settings);
  }

  private static Group group(String... texts) {
    return new Group(
        new Task("t", "1+1=?", java.util.Optional.of("2"), List.of(), Map.of("level", 3)),
        "",
        Arrays.stream(texts).map(Candidate::of).toList());
  }

  @Test
  void answersBecomeScores() throws Exception {
    String body =
        """
        t = q['completion']
        if t == 'number': reply(q, reward=q['fields']['level'] / 2)
        elif t == 'right': reply(q, outcome='correct', extracted=q['answer'], notes={'a': 1})
        elif t == 'null': reply(q, reward=None)
        elif t == 'error': reply(q, error='no licence')
        elif t == 'nan': reply(q, reward=float('nan'))
        elif t == 'odd': reply(q, outcome='great')
        elif t == 'nothing': reply(q)
        else: reply(q, reward=len(t))
        """;
    try (Reward reward = program(body, Map.of())) {
      List<Score> scores =
          reward.score(
              group("number", "right", "null", "error", "nan", "odd", "nothing", "é\u2028☃ \"\n"));
      assertEquals(Score.scored(1.5), scores.get(0));
      assertEquals(Score.correct().withExtracted("2").withNote("a", "1"), scores.get(1));
      assertEquals(Score.notApplicable(), scores.get(2));
      assertEquals(Score.error("no licence"), scores.get(3));
      assertEquals(Score.error("value: NaN is not finite"), scores.get(4));
      assertTrue(scores.get(5).notes().get("error").contains("\"great\" is none of [correct"));
      assertTrue(scores.get(6).notes().get("error").contains("expected reward: a number or null"));
      assertEquals(Score.scored(6), scores.get(7));
    }
  }

  @Test
  void aGroupMayBeAskedAtOnce() throws Exception {
    String body = "reply(q, scores=[len(c['completion']) for c in q['completions']])";
    try (Reward reward = program(body, Map.of("per", "group"))) {
      assertEquals(List.of(Score.scored(1), Score.scored(3)), reward.score(group("a", "bbb")));
      assertTrue(reward.comparesCandidates());
    }
    try (Reward reward = program("reply(q, scores=[1])", Map.of("per", "group"))) {
      List<Score> scores = reward.score(group("a", "b"));
      assertTrue(
          scores.get(1).notes().get("error").contains("expected scores: a list with 2 items"),
          scores.toString());
    }
  }

  @Test
  void aDeadProgramIsStartedAgainAndItsLineHasNoValue() throws Exception {
    String body =
        """
        if q['completion'] == 'die':
            print('out of cheese', file=sys.stderr)
            os._exit(7)
        reply(q, reward=1)
        """;
    try (Reward reward = program(body, Map.of())) {
      List<Score> scores = reward.score(group("a", "die", "b", "die", "c"));
      assertEquals(
          List.of(Outcome.SCORED, Outcome.ERROR, Outcome.SCORED, Outcome.ERROR, Outcome.SCORED),
          scores.stream().map(Score::outcome).toList());
      String message = scores.get(1).notes().get("error");
      assertTrue(message.endsWith("reward.py: ended with 7: out of cheese"), message);
    }
  }

  @Test
  void aProgramThatKeepsDyingIsGivenUp() throws Exception {
    try (Reward reward = program("raise ValueError('broken')", Map.of("restarts", 1))) {
      List<Score> scores = reward.score(group("a", "b", "c", "d"));
      assertTrue(scores.get(0).notes().get("error").contains("ValueError: broken"));
      String last = scores.get(3).notes().get("error");
      assertTrue(last.contains("given up after 2 failures in a row; the last: ended with 1"), last);
      assertFalse(scores.stream().anyMatch(score -> score.value().isPresent()));
    }
  }

  @Test
  void aLateAnswerIsATimeoutAndNeverAnswersTheNextQuestion() throws Exception {
    String body =
        """
        if q['completion'] == 'slow': time.sleep(2)
        reply(q, reward=len(q['completion']))
        """;
    Map<String, Object> settings = Map.of("line-deadline", "500ms");
    try (Reward reward = program(body, settings)) {
      assertEquals(Score.scored(1), reward.score(group("a")).getFirst());
      List<Score> scores = reward.score(group("slow", "bb"));
      assertEquals(Outcome.TIMEOUT, scores.get(0).outcome());
      assertTrue(scores.get(0).value().isEmpty());
      assertEquals(Score.scored(2), scores.get(1));
    }
  }

  @Test
  void linesThatAreNoAnswersAreNotTakenForOnes() throws Exception {
    String body =
        """
        if q['completion'] == 'chatty': print('thinking ...')
        if q['completion'] == 'twice': reply(q, reward=1)
        reply(q, reward=len(q['completion']))
        """;
    try (Reward reward = program(body, Map.of())) {
      List<Score> scores = reward.score(group("chatty", "a", "twice", "bb", "ccc"));
      String chatty = scores.get(0).notes().get("error");
      assertTrue(chatty.contains("wrote \"thinking ...\", which is not JSON; print"), chatty);
      assertEquals(Score.scored(1), scores.get(1));
      assertEquals(Score.scored(1), scores.get(2));
      // The second answer to "twice" is not taken for the answer to "bb".
      assertTrue(scores.get(3).notes().get("error").contains("expected an object with the"));
      assertEquals(Score.scored(3), scores.get(4));
    }
  }

  @Test
  void severalProcessesShareTheWorkAndAreKilledAtTheEnd() throws Exception {
    String body =
        """
        time.sleep(0.02)
        reply(q, reward=len(q['completion']), notes={'pid': os.getpid()})
        """;
    Reward reward = program(body, Map.of("processes", 2));
    Set<String> pids = new HashSet<>();
    try (RewardPipeline pipeline =
        new RewardPipeline(
            List.of(new WeightedReward("mine", reward, 1, Duration.ofSeconds(60))), 4)) {
      List<Group> groups =
          java.util.stream.IntStream.range(0, 20).mapToObj(i -> group("x".repeat(i))).toList();
      var scored = pipeline.score(groups);
      for (int i = 0; i < groups.size(); i++) {
        assertEquals(i, scored.get(i).totals().getFirst().orElseThrow());
        pids.add(scored.get(i).score("mine", 0).notes().get("pid"));
      }
    }
    assertEquals(2, pids.size());
    for (String pid : pids) {
      for (int i = 0; i < 100 && ProcessHandle.of(Long.parseLong(pid)).isPresent(); i++) {
        Thread.sleep(50);
      }
      assertTrue(ProcessHandle.of(Long.parseLong(pid)).isEmpty(), "process " + pid + " is left");
    }
  }

  @Test
  void theGroupsDeadlineEndsTheProgramAndTheNextGroupHasANewOne() throws Exception {
    String body =
        """
        if q['completion'] == 'hang': time.sleep(100)
        reply(q, reward=1)
        """;
    Reward reward = program(body, Map.of());
    try (RewardPipeline pipeline =
        new RewardPipeline(
            List.of(new WeightedReward("mine", reward, 1, Duration.ofSeconds(3))), 2)) {
      var scored = pipeline.score(List.of(group("hang"), group("a")));
      assertEquals(Outcome.TIMEOUT, scored.get(0).score("mine", 0).outcome());
      assertEquals(1, scored.get(1).totals().getFirst().orElseThrow());
      assertEquals(0, pipeline.abandoned());
    }
  }

  @Test
  void whatCannotBeRunIsRefusedAtOnce() {
    assertRefused("command.command: pythn3: is not found on the PATH", List.of("pythn3", "-c", ""));
    assertRefused(
        "command.command: no_such.py: there is no such file", List.of("python3", "no_such.py"));
    assertRefused("command.command: /tmp: is not a program that can be run", List.of("/tmp"));
    assertRefused("command.command: is empty", List.of());
  }

  private static void assertRefused(String message, List<String> command) {
    String got =
        assertThrows(
                IllegalArgumentException.class,
                () -> RewardCatalog.ofClassPath().create("command", Map.of("command", command)))
            .getMessage();
    assertEquals(message, got.substring(0, Math.min(got.length(), message.length())));
  }
}
