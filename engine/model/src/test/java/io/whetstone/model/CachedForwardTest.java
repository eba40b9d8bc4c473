package io.whetstone.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Prompts prefilled in chunks and completions sampled token by token, sequences joining and leaving
 * the batch, pages scattered: the logprob at sampling is the trainer's to the bit.
 */
class CachedForwardTest {
  private static final int LENGTH = 90;
  private static final Sampling SAMPLING = new Sampling(Batches.TEMPERATURE, 0, 1, 0);

  /** A sequence being written: its tokens, how many are cached, its pages, its logprobs. */
  private static final class Story {
    final int[] tokens = new int[LENGTH];
    final int promptLength;
    final int firstRound;
    final int[] pages;
    final float[] logprobs;
    int cached;
    int known;

    Story(int[] prompt, int firstRound, int[] pages) {
      System.arraycopy(prompt, 0, tokens, 0, prompt.length);
      promptLength = prompt.length;
      known = prompt.length;
      this.firstRound = firstRound;
      this.pages = pages;
      logprobs = new float[LENGTH - prompt.length];
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void sampledLogprobsAreTheTrainersToTheBit(DType compute) {
    ModelConfig config = Batches.config(true, true);
    Random random = new Random(1);
    try (Backend backend = Backends.open("cpu", 2);
        Transformer model = Batches.model(backend, config, compute);
        KvCache cache = model.kvCache(9 * (LENGTH / 16 + 8));
        Workspace workspace = backend.workspace("test")) {
      List<Story> stories = stories(9, config.vocabulary(), cache, random);
      for (int round = 0; stories.stream().anyMatch(s -> s.known < LENGTH); round++) {
        workspace.reset();
        advance(model, cache, stories, round, random, workspace);
      }
      for (Story story : stories) {
        workspace.reset();
        assertArrayEquals(score(model, story, workspace), story.logprobs);
      }
    }
  }

  /** Its scratch is counted as a backward pass's, which is larger. */
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void inferenceBytesCoverAPass(DType compute) {
    ModelConfig config = Batches.config(true, true);
    try (Backend backend = Backends.open("cpu", 2);
        Transformer model = Batches.model(backend, config, compute);
        KvCache cache = model.kvCache(LENGTH / 16 + 1);
        Workspace workspace = backend.workspace("test")) {
      int[] positions = IntStream.range(0, LENGTH).toArray();
      int[][] pages = {IntStream.range(0, cache.pages()).toArray()};
      int[] lengths = IntStream.rangeClosed(1, LENGTH).toArray();
      model.forwardCached(
          new int[LENGTH],
          positions,
          positions,
          new CachedRows(pages, new int[LENGTH], lengths),
          cache,
          workspace);
      long told = Transformer.inferenceBytes(config, compute, LENGTH);
      long taken = workspace.bytesPeak();
      assertTrue(
          told >= taken - 64 * 64 && told < 2 * taken, told + " bytes told, " + taken + " taken");
    }
  }

  private static List<Story> stories(int count, int vocabulary, KvCache cache, Random random) {
    List<Integer> pages = new ArrayList<>(IntStream.range(0, cache.pages()).boxed().toList());
    Collections.shuffle(pages, random);
    int each = (LENGTH + cache.pageSize() - 1) / cache.pageSize();
    List<Story> stories = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] own = pages.subList(i * each, (i + 1) * each).stream().mapToInt(p -> p).toArray();
      int[] prompt = random.ints(1 + random.nextInt(40), 0, vocabulary).toArray();
      stories.add(new Story(prompt, 7 * i, own));
    }
    return stories;
  }

  /** One batch: a chunk of the prompt or the last token of every sequence that has begun. */
  private static void advance(
      Transformer model,
      KvCache cache,
      List<Story> stories,
      int round,
      Random random,
      Workspace workspace) {
    List<Story> live =
        stories.stream().filter(s -> s.firstRound <= round && s.known < LENGTH).toList();
    int[][] pages = live.stream().map(s -> s.pages).toArray(int[][]::new);
    List<int[]> rows = new ArrayList<>(); // id, position, slot, sequence
    List<Story> drawing = new ArrayList<>();
    List<Integer> drawingRows = new ArrayList<>();
    for (int i = 0; i < live.size(); i++) {
      Story s = live.get(i);
      int chunk = Math.min(s.known - s.cached, 1 + random.nextInt(12));
      for (int n = 0; n < chunk; n++, s.cached++) {
        int slot =
            s.pages[s.cached / cache.pageSize()] * cache.pageSize() + s.cached % cache.pageSize();
        rows.add(new int[] {s.tokens[s.cached], s.cached, slot, i});
      }
      if (s.cached == s.known) {
        drawing.add(s);
        drawingRows.add(rows.size() - 1);
      }
    }
    int[] positions = column(rows, 1);
    int[] lengths = Arrays.stream(positions).map(p -> p + 1).toArray();
    Tensor hidden =
        model.forwardCached(
            column(rows, 0),
            positions,
            column(rows, 2),
            new CachedRows(pages, column(rows, 3), lengths),
            cache,
            workspace);
    draw(model, hidden, drawing, drawingRows, random, workspace);
  }

  private static void draw(
      Transformer model,
      Tensor hidden,
      List<Story> drawing,
      List<Integer> rows,
      Random random,
      Workspace workspace) {
    int n = drawing.size();
    Tensor last = workspace.tensor(model.compute(), n, model.config().hidden());
    model.backend().gatherRows(hidden, rows.stream().mapToInt(r -> r).toArray(), last);
    Sampling[] samplings = new Sampling[n];
    Arrays.fill(samplings, SAMPLING);
    int[] tokens = new int[n];
    float[] logprobs = new float[n];
    Tensor logits = model.logits(last, workspace);
    model.backend().sample(logits, samplings, random.doubles(n).toArray(), tokens, logprobs);
    for (int i = 0; i < n; i++) {
      Story s = drawing.get(i);
      s.logprobs[s.known - s.promptLength] = logprobs[i];
      s.tokens[s.known++] = tokens[i];
    }
  }

  private static float[] score(Transformer model, Story story, Workspace workspace) {
    int[] ids = Arrays.copyOf(story.tokens, LENGTH - 1);
    int[] rows = IntStream.range(story.promptLength - 1, LENGTH - 1).toArray();
    int[] targets = Arrays.copyOfRange(story.tokens, story.promptLength, LENGTH);
    PackedTokens tokens = PackedTokens.of(ids, Segments.ofLengths(ids.length));
    return model.score(tokens, rows, targets, Batches.TEMPERATURE, workspace).logprobs();
  }

  private static int[] column(List<int[]> rows, int i) {
    return rows.stream().mapToInt(r -> r[i]).toArray();
  }
}
