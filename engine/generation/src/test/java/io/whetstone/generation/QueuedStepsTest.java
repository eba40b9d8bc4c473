package io.whetstone.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.model.Transformer;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Sampling;
import io.whetstone.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Steps that are queued before the last one's tokens are known draw what they would draw after. */
class QueuedStepsTest {
  /** What was completed, and what a listener heard of each completion. */
  private record Generated(
      List<List<Completion>> completions, Map<String, List<Integer>> heard, int free, int pages) {}

  private static Generated generate(
      Transformer policy,
      Tokenizer tokenizer,
      SamplerLimits limits,
      List<GenerationRequest> requests) {
    Map<String, List<Integer>> heard = new TreeMap<>();
    try (Sampler sampler = new Sampler(policy, tokenizer, limits)) {
      TokenListener listener =
          (r, s, id) -> heard.computeIfAbsent(r + "/" + s, key -> new ArrayList<>()).add(id);
      // Twice: what the first one left under way must not reach the second.
      sampler.generate(requests.subList(0, 2), TokenListener.NONE);
      List<List<Completion>> drawn = sampler.generate(requests, listener);
      return new Generated(drawn, heard, sampler.freePages(), sampler.pages());
    }
  }

  /**
   * Every way to end and every way to be put off, prompts that fill pages, groups and single ones.
   */
  private static List<GenerationRequest> mixture(Tokenizer tokenizer) {
    Set<Integer> end = Set.copyOf(tokenizer.endOfSequence());
    Sampling hot = new Sampling(1.7f, 9, 0.9f, 0.01f);
    List<GenerationRequest> requests = new ArrayList<>();
    requests.add(
        new GenerationRequest(
            tokenizer.encode("9=?"),
            2,
            Sampling.PLAIN,
            new StopRules(200, Set.of(), List.of()),
            9));
    for (int i = 0; i < 9; i++) {
      StopRules rules =
          new StopRules(
              i % 3 == 0 ? 1 + i : 200, end, i % 2 == 0 ? List.of() : List.of("11", "=2"));
      requests.add(
          new GenerationRequest(
              tokenizer.encode("1+".repeat(1 + 3 * i) + "7=?"),
              1 + i % 4,
              List.of(Sampling.PLAIN, hot, Sampling.GREEDY).get(i % 3),
              rules,
              100 + i));
    }
    String[][] budgets = {
      {"</think>", ";?"}, {"7+", "0"}, {"+=", "1;"}, {"77", ";"}, {"0=", ";?1;"}, {"5", "5"}
    };
    for (int i = 0; i < budgets.length; i++) {
      OptionalInt most = i % 2 == 0 ? OptionalInt.empty() : OptionalInt.of(7 * i);
      ThinkingBudget budget =
          new ThinkingBudget(
              tokenizer.encode(budgets[i][0]), tokenizer.encode(budgets[i][1]), 3, most);
      requests.add(
          new GenerationRequest(
              tokenizer.encode(i == 1 ? "1".repeat(32) : i + "=?"),
              5,
              i == 2 ? hot : Sampling.PLAIN,
              new StopRules(40, end, i < 3 ? List.of() : List.of("11")),
              Optional.of(budget),
              7 + i));
    }
    return requests;
  }

  @Test
  void theyDrawTheSame() {
    try (TinyModel model = new TinyModel(DType.F32)) {
      LateBackend late = new LateBackend(model.backend);
      try (Transformer policy =
          Transformer.create(late.proxy(), model.policy.config(), DType.F32, false)) {
        policy.copyWeightsFrom(model.policy);
        List<GenerationRequest> requests = mixture(model.tokenizer);
        for (SamplerLimits limits :
            List.of(
                new SamplerLimits(64, 8192, 512),
                new SamplerLimits(3, 200, 7),
                new SamplerLimits(1, 112, 40))) {
          Generated expected = generate(model.policy, model.tokenizer, limits, requests);
          late.steps = 0;
          late.stepsAhead = 0;
          Generated got = generate(policy, model.tokenizer, limits, requests);
          assertSame(expected, got);
          assertTrue(
              late.stepsAhead > late.steps / 2,
              late.stepsAhead + " of " + late.steps + " steps were queued ahead");
        }
      }
    }
  }

  private static void assertSame(Generated expected, Generated got) {
    Set<StopReason> reasons = EnumSet.noneOf(StopReason.class);
    for (int r = 0; r < expected.completions.size(); r++) {
      for (int s = 0; s < expected.completions.get(r).size(); s++) {
        Completion one = expected.completions.get(r).get(s);
        Completion other = got.completions.get(r).get(s);
        assertArrayEquals(one.ids(), other.ids());
        assertArrayEquals(one.logprobs(), other.logprobs());
        assertArrayEquals(one.forced(), other.forced());
        assertEquals(one.text(), other.text());
        assertEquals(one.stop(), other.stop());
        reasons.add(one.stop());
      }
    }
    assertEquals(EnumSet.allOf(StopReason.class), reasons);
    assertEquals(expected.heard, got.heard);
    assertEquals(got.pages, got.free, "every page must come back");
  }
}
