package io.whetstone.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.model.PackedTokens;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Workspace;
import io.whetstone.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Budget forcing: what is put in, where, what it scores, and that all else stays as it was. */
@ParameterizedClass
@EnumSource(
    value = DType.class,
    names = {"F32", "BF16"})
class ThinkingBudgetTest {
  @Parameter DType compute;

  private static final SamplerLimits ROOMY = new SamplerLimits(64, 8192, 512);
  private static TinyModel model;
  private static Tokenizer tokenizer;
  private static Transformer policy;

  @BeforeParameterizedClassInvocation
  static void open(DType compute) {
    model = new TinyModel(compute);
    tokenizer = model.tokenizer;
    policy = model.policy;
  }

  @AfterParameterizedClassInvocation
  static void close() {
    model.close();
  }

  private static ThinkingBudget budget(String end, String again, int times, OptionalInt most) {
    return new ThinkingBudget(tokenizer.encode(end), tokenizer.encode(again), times, most);
  }

  private static GenerationRequest request(
      String prompt, Sampling sampling, Optional<ThinkingBudget> budget, String... stop) {
    StopRules rules =
        new StopRules(60, Set.copyOf(tokenizer.endOfSequence()), List.<String>of(stop));
    return new GenerationRequest(tokenizer.encode(prompt), 24, sampling, rules, budget, 77);
  }

  private static List<Completion> generate(GenerationRequest request) {
    return generate(ROOMY, List.of(request)).getFirst();
  }

  /** Completes, and checks that the listener heard what stands and that every page came back. */
  private static List<List<Completion>> generate(
      SamplerLimits limits, List<GenerationRequest> requests) {
    List<List<List<Integer>>> heard = new ArrayList<>();
    for (GenerationRequest request : requests) {
      heard.add(new ArrayList<>());
      for (int s = 0; s < request.samples(); s++) {
        heard.getLast().add(new ArrayList<>());
      }
    }
    try (Sampler sampler = new Sampler(policy, tokenizer, limits)) {
      List<List<Completion>> drawn =
          sampler.generate(requests, (r, s, id) -> heard.get(r).get(s).add(id));
      assertEquals(sampler.pages(), sampler.freePages(), "every page must come back");
      for (int r = 0; r < drawn.size(); r++) {
        for (int s = 0; s < drawn.get(r).size(); s++) {
          int[] ids = heard.get(r).get(s).stream().mapToInt(Integer::intValue).toArray();
          assertArrayEquals(drawn.get(r).get(s).ids(), ids);
        }
      }
      return drawn;
    }
  }

  private static List<Integer> forcedAt(Completion completion) {
    return IntStream.range(0, completion.ids().length)
        .filter(i -> completion.forced()[i])
        .boxed()
        .toList();
  }

  private static boolean stands(int[] mark, int[] ids, int at) {
    return at + mark.length <= ids.length
        && Arrays.equals(mark, Arrays.copyOfRange(ids, at, at + mark.length));
  }

  /** Where the mark first stands; the length where it does not. */
  private static int find(int[] mark, int[] ids) {
    return IntStream.range(0, ids.length)
        .filter(i -> stands(mark, ids, i))
        .findFirst()
        .orElse(ids.length);
  }

  /** {@code again} comes exactly where, left alone, the policy would have ended its thought. */
  private static int assertGoesOn(String end, String again, int times) {
    ThinkingBudget budget = budget(end, again, times, OptionalInt.empty());
    int endOfSequence = tokenizer.endOfSequence().getFirst();
    List<Completion> free = generate(request("1+1=?", Sampling.PLAIN, Optional.empty()));
    List<Completion> made = generate(request("1+1=?", Sampling.PLAIN, Optional.of(budget)));
    int interventions = 0;
    for (int s = 0; s < made.size(); s++) {
      int[] ids = made.get(s).ids();
      int[] without = free.get(s).ids();
      int ends = find(budget.end(), without);
      if (without[without.length - 1] == endOfSequence) {
        ends = Math.min(ends, without.length - 1);
      }
      List<Integer> forced = forcedAt(made.get(s));
      if (ends == without.length) {
        assertEquals(List.of(), forced);
        assertArrayEquals(without, ids);
        continue;
      }
      assertEquals(ends, forced.getFirst());
      assertArrayEquals(Arrays.copyOf(without, ends), Arrays.copyOf(ids, ends));
      int own = 0;
      for (int at = 0; at < forced.size(); at += budget.again().length) {
        int from = forced.get(at);
        int length = Math.min(budget.again().length, ids.length - from);
        assertArrayEquals(
            Arrays.copyOf(budget.again(), length), Arrays.copyOfRange(ids, from, from + length));
        own++;
      }
      assertTrue(own <= times);
      if (find(budget.end(), ids) < ids.length
          || made.get(s).stop() == StopReason.END_OF_SEQUENCE) {
        assertEquals(times, own, "it ended before it was asked to go on as often");
      }
      interventions += own;
    }
    return interventions;
  }

  @Test
  void theEndGivesWayToTheWord() {
    assertTrue(assertGoesOn("</think>", ";", 1) > 10);
    assertTrue(assertGoesOn("</think>", ";?0", 2) > 20);
  }

  @Test
  void anEndOfSeveralTokensGivesWayAsAWhole() {
    for (String end : List.of("77", "+<answer>", "</think>4", "0=")) {
      assertTrue(assertGoesOn(end, ";", 3) > 10, end);
      assertTrue(assertGoesOn(end, ";?1;", 2) > 10, end);
    }
  }

  @Test
  void aThoughtIsClosedOnceItIsLongEnough() {
    for (String end : List.of("</think>", "+<answer>5")) {
      for (int most : new int[] {0, 1, 7}) {
        ThinkingBudget budget = budget(end, "", 0, OptionalInt.of(most));
        int forcedEnds = 0;
        for (Completion completion :
            generate(request("1+1=?", Sampling.PLAIN, Optional.of(budget)))) {
          int[] ids = completion.ids();
          int closed = find(budget.end(), ids);
          if (closed == ids.length) {
            assertEquals(StopReason.END_OF_SEQUENCE, completion.stop());
            assertTrue(ids.length <= most);
          } else {
            assertTrue(closed <= most, closed + " tokens of thought, at most " + most);
            List<Integer> forced = forcedAt(completion);
            forced.forEach(i -> assertTrue(i >= most && i < closed + budget.end().length));
            forcedEnds += forced.isEmpty() ? 0 : 1;
          }
        }
        assertTrue(forcedEnds > 5, forcedEnds + " ends put in");
      }
    }
  }

  @Test
  void theUpperBoundWins() {
    ThinkingBudget budget = budget("</think>", ";;", 1000, OptionalInt.of(12));
    for (Completion completion : generate(request("2+2=?", Sampling.PLAIN, Optional.of(budget)))) {
      int closed = find(budget.end(), completion.ids());
      assertTrue(closed <= 12 && completion.ids().length > 1);
    }
  }

  private static List<GenerationRequest> mixture() {
    List<GenerationRequest> requests = new ArrayList<>();
    Sampling hot = new Sampling(1.7f, 9, 0.9f, 0.01f);
    requests.add(request("1+1=?", Sampling.PLAIN, Optional.empty()));
    requests.add(
        request(
            "1+".repeat(7) + "3=?",
            hot,
            Optional.of(budget("</think>", ";?", 2, OptionalInt.of(20)))));
    // A prompt that fills its pages, and an end that may be the first thing drawn.
    requests.add(
        request(
            "1".repeat(32),
            Sampling.PLAIN,
            Optional.of(budget("7+", "0", 3, OptionalInt.empty()))));
    requests.add(
        request(
            "5=?", Sampling.GREEDY, Optional.of(budget("</think>", "1;", 1, OptionalInt.of(9)))));
    requests.add(
        request("1=?", hot, Optional.of(budget("+=", "1;", 4, OptionalInt.of(30))), "11", "=2"));
    return requests;
  }

  @Test
  void logprobsOfAllIdsAreTheTrainersToTheBit() {
    List<GenerationRequest> requests = mixture();
    List<List<Completion>> drawn = generate(ROOMY, requests);
    for (int r = 0; r < requests.size(); r++) {
      float temperature = requests.get(r).sampling().logprobTemperature();
      for (Completion completion : drawn.get(r)) {
        assertArrayEquals(
            recomputed(requests.get(r).prompt(), completion.ids(), temperature),
            completion.logprobs());
      }
    }
  }

  private static float[] recomputed(int[] prompt, int[] drawn, float temperature) {
    int p = prompt.length;
    int[] ids = Arrays.copyOf(prompt, p + drawn.length - 1);
    System.arraycopy(drawn, 0, ids, p, drawn.length - 1);
    int[] rows = IntStream.range(p - 1, p + drawn.length - 1).toArray();
    try (Workspace workspace = model.backend.workspace("test")) {
      return policy
          .evaluate(
              PackedTokens.of(ids, Segments.ofLengths(ids.length)),
              rows,
              drawn,
              temperature,
              workspace)
          .logprobs();
    }
  }

  @Test
  void whatIsDrawnDoesNotDependOnWhatSharesTheBatch() {
    List<List<Completion>> together = generate(ROOMY, mixture());
    List<List<Completion>> crowded = generate(new SamplerLimits(3, 160, 7), mixture());
    for (int r = 0; r < together.size(); r++) {
      List<Completion> alone = generate(mixture().get(r));
      for (int s = 0; s < alone.size(); s++) {
        for (Completion other : List.of(alone.get(s), crowded.get(r).get(s))) {
          Completion expected = together.get(r).get(s);
          assertArrayEquals(expected.ids(), other.ids());
          assertArrayEquals(expected.logprobs(), other.logprobs());
          assertArrayEquals(expected.forced(), other.forced());
          assertEquals(expected.text(), other.text());
          assertEquals(expected.stop(), other.stop());
        }
      }
    }
  }

  @Test
  void stopStringsSeeWhatStandsOnly() {
    Optional<ThinkingBudget> budget = Optional.of(budget("+=", ";", 4, OptionalInt.empty()));
    int ended = 0;
    for (Completion completion : generate(request("1=?", Sampling.PLAIN, budget, "=2", ";4"))) {
      boolean stopped = completion.stop() == StopReason.STOP_STRING;
      String text = completion.text();
      assertEquals(stopped, text.contains("=2") || text.contains(";4"), text);
      String before = text.substring(0, text.length() - (stopped ? 1 : 0));
      assertFalse(before.contains("=2") || before.contains(";4"), text);
      ended += stopped ? 1 : 0;
    }
    assertTrue(ended > 0);
  }

  @Test
  void impossibleBudgetsAreRefused() {
    int[] one = {1};
    int[] none = {};
    OptionalInt any = OptionalInt.empty();
    assertThrows(IllegalArgumentException.class, () -> new ThinkingBudget(none, one, 1, any));
    assertThrows(IllegalArgumentException.class, () -> new ThinkingBudget(one, none, 1, any));
    assertThrows(IllegalArgumentException.class, () -> new ThinkingBudget(one, one, -1, any));
    assertThrows(
        IllegalArgumentException.class, () -> new ThinkingBudget(one, one, 1, OptionalInt.of(-1)));
  }
}
