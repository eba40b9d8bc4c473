package io.whetstone.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.model.Logprobs;
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
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(
    value = DType.class,
    names = {"F32", "BF16"})
class SamplerTest {
  @Parameter DType compute;

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

  private static StopRules stop(int maxTokens, String... strings) {
    return new StopRules(maxTokens, Set.copyOf(tokenizer.endOfSequence()), List.of(strings));
  }

  private static GenerationRequest request(String prompt, int samples, int maxTokens, long key) {
    return new GenerationRequest(
        tokenizer.encode(prompt), samples, Sampling.PLAIN, stop(maxTokens), key);
  }

  private static List<List<Completion>> generate(
      SamplerLimits limits, List<GenerationRequest> requests) {
    try (Sampler sampler = new Sampler(policy, tokenizer, limits)) {
      List<List<Completion>> drawn = sampler.generate(requests, TokenListener.NONE);
      assertEquals(sampler.pages(), sampler.freePages(), "every page must come back");
      return drawn;
    }
  }

  /** Prompts of many lengths, so that pages are full, partial and several. */
  private static List<GenerationRequest> mixture() {
    List<GenerationRequest> requests = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      String prompt = "1+".repeat(1 + i * 3) + "7=?";
      requests.add(request(prompt, 1 + i % 4, 5 + 3 * i, 100 + i));
    }
    return requests;
  }

  @Test
  void whatIsDrawnDoesNotDependOnWhatSharesTheBatch() {
    List<List<Completion>> together = generate(new SamplerLimits(64, 4096, 512), mixture());
    List<List<Completion>> crowded = generate(new SamplerLimits(3, 130, 7), mixture());
    for (int r = 0; r < together.size(); r++) {
      List<List<Completion>> alone =
          generate(new SamplerLimits(64, 4096, 512), List.of(mixture().get(r)));
      for (int s = 0; s < together.get(r).size(); s++) {
        assertSame(together.get(r).get(s), alone.getFirst().get(s));
        assertSame(together.get(r).get(s), crowded.get(r).get(s));
      }
    }
  }

  /** Rounds that end within a group, and within the rows that decode together. */
  @Test
  void whatIsDrawnDoesNotDependOnHowManyLogitsAreHeld() {
    SamplerLimits limits = new SamplerLimits(64, 4096, 512);
    List<List<Completion>> expected = generate(limits, mixture());
    for (int rows : new int[] {1, 3, 7}) {
      int logits = rows * policy.config().vocabulary();
      try (Sampler sampler = new Sampler(policy, tokenizer, limits, logits)) {
        List<List<Completion>> drawn = sampler.generate(mixture(), TokenListener.NONE);
        for (int r = 0; r < expected.size(); r++) {
          for (int s = 0; s < expected.get(r).size(); s++) {
            assertSame(expected.get(r).get(s), drawn.get(r).get(s));
          }
        }
      }
    }
  }

  private static void assertSame(Completion expected, Completion actual) {
    assertArrayEquals(expected.ids(), actual.ids());
    assertArrayEquals(expected.logprobs(), actual.logprobs());
    assertEquals(expected.text(), actual.text());
    assertEquals(expected.stop(), actual.stop());
  }

  @Test
  void aWatchHearsHowFarDrawingHasCome() {
    int asked = mixture().stream().mapToInt(GenerationRequest::samples).sum();
    List<Integer> ended = new ArrayList<>();
    long[] tokens = {0};
    try (Sampler sampler = new Sampler(policy, tokenizer, new SamplerLimits(3, 130, 7))) {
      sampler.watch(
          (done, all, drawn) -> {
            assertEquals(asked, all);
            assertTrue(drawn > tokens[0], "every pass draws");
            ended.add(done);
            tokens[0] = drawn;
          });
      long drawn =
          sampler.generate(mixture(), TokenListener.NONE).stream()
              .flatMap(List::stream)
              .mapToLong(completion -> completion.ids().length)
              .sum();
      assertEquals(drawn, tokens[0]);
    }
    assertEquals(ended.stream().sorted().toList(), ended);
    assertEquals(asked, ended.getLast());
  }

  @Test
  void samplesOfAGroupDiffer() {
    List<Completion> group =
        generate(new SamplerLimits(16, 2048, 64), List.of(request("12+34=?", 8, 20, 5))).getFirst();
    long distinct = group.stream().map(c -> Arrays.toString(c.ids())).distinct().count();
    assertTrue(distinct >= 7, distinct + " of 8 differ");
  }

  @Test
  void recordedLogprobsAreTheTrainersToTheBit() {
    for (List<Completion> group : zip(mixture())) {
      for (Completion completion : group) {
        assertArrayEquals(recomputed(completion, 1), completion.logprobs());
      }
    }
    GenerationRequest hot =
        new GenerationRequest(
            tokenizer.encode("5+6=?"), 4, new Sampling(1.7f, 5, 0.9f, 0.01f), stop(30), 3);
    lastPrompt = hot.prompt();
    for (Completion completion :
        generate(new SamplerLimits(8, 1024, 64), List.of(hot)).getFirst()) {
      assertArrayEquals(recomputed(completion, 1.7f), completion.logprobs());
    }
  }

  private int[] lastPrompt;

  private Iterable<List<Completion>> zip(List<GenerationRequest> requests) {
    List<List<Completion>> drawn = generate(new SamplerLimits(64, 4096, 512), requests);
    return () ->
        IntStream.range(0, drawn.size())
            .mapToObj(
                r -> {
                  lastPrompt = requests.get(r).prompt();
                  return drawn.get(r);
                })
            .iterator();
  }

  private float[] recomputed(Completion completion, float temperature) {
    int p = lastPrompt.length;
    int n = completion.ids().length;
    int[] ids = Arrays.copyOf(lastPrompt, p + n - 1);
    System.arraycopy(completion.ids(), 0, ids, p, n - 1);
    int[] rows = IntStream.range(p - 1, p + n - 1).toArray();
    try (Workspace workspace = model.backend.workspace("test")) {
      Logprobs logprobs =
          policy.evaluate(
              PackedTokens.of(ids, Segments.ofLengths(ids.length)),
              rows,
              completion.ids(),
              temperature,
              workspace);
      return logprobs.logprobs();
    }
  }

  @Test
  void everyCompletionSaysWhyItStopped() {
    int end = tokenizer.endOfSequence().getFirst();
    List<Completion> many =
        generate(new SamplerLimits(64, 8192, 64), List.of(request("1+1=?", 64, 400, 9))).getFirst();
    for (Completion completion : many) {
      int last = completion.ids()[completion.ids().length - 1];
      switch (completion.stop()) {
        case END_OF_SEQUENCE -> {
          assertEquals(end, last);
          assertTrue(!completion.text().contains("<|end|>"), completion.text());
        }
        case CONTEXT -> assertEquals(TinyModel.POSITIONS, 5 + completion.ids().length);
        default -> throw new AssertionError(completion.stop());
      }
    }
    assertTrue(many.stream().anyMatch(c -> c.stop() == StopReason.END_OF_SEQUENCE));
    Completion cut =
        generate(new SamplerLimits(1, 64, 64), List.of(request("1+1=?", 1, 1, 9)))
            .getFirst()
            .getFirst();
    assertEquals(1, cut.ids().length);
  }

  @Test
  void aStopStringEndsAcrossTokens() {
    GenerationRequest free = request("3+4=?", 1, 40, 21);
    Completion whole = generate(new SamplerLimits(4, 512, 64), List.of(free)).getFirst().getFirst();
    String text = whole.text();
    String stopper = text.substring(text.length() / 2, text.length() / 2 + 2);
    GenerationRequest stopped =
        new GenerationRequest(free.prompt(), 1, Sampling.PLAIN, stop(40, stopper), 21);
    Completion cut =
        generate(new SamplerLimits(4, 512, 64), List.of(stopped)).getFirst().getFirst();
    assertEquals(StopReason.STOP_STRING, cut.stop());
    assertTrue(cut.text().contains(stopper));
    assertTrue(text.startsWith(cut.text()));
    assertEquals(
        text.indexOf(stopper), cut.text().indexOf(stopper), "it must stop at the first occurrence");
  }

  @Test
  void greedyTakesTheLikeliest() {
    GenerationRequest greedy =
        new GenerationRequest(tokenizer.encode("9+9=?"), 2, Sampling.GREEDY, stop(20), 4);
    List<Completion> drawn = generate(new SamplerLimits(4, 512, 64), List.of(greedy)).getFirst();
    assertArrayEquals(drawn.get(0).ids(), drawn.get(1).ids());
  }

  @Test
  void whatCannotFitIsRefused() {
    SamplerLimits small = new SamplerLimits(4, 32, 64);
    String tooMany =
        assertThrows(
                IllegalArgumentException.class,
                () -> generate(small, List.of(request("1+1=?", 1, 60, 0))))
            .getMessage();
    assertTrue(tooMany.contains("cache"), tooMany);
    String tooLong =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    generate(
                        new SamplerLimits(4, 512, 64),
                        List.of(request("1".repeat(TinyModel.POSITIONS), 1, 5, 0))))
            .getMessage();
    assertTrue(tooLong.contains("96 positions"), tooLong);
  }
}
