package io.whetstone.trainer.benchmark;

import io.whetstone.model.ModelConfig;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerBuilder;
import io.whetstone.trainer.config.FromScratch;
import io.whetstone.trainer.config.Vocabulary;
import io.whetstone.trainer.loop.Policy;
import java.util.List;
import java.util.Optional;

/**
 * What is measured: a model's shape and how much of what it does. Weights are random and
 * completions never end early, so that all lengths are exact.
 *
 * @param name as rows are called
 * @param groups tasks in a GRPO step
 * @param groupSize completions of each
 * @param promptTokens length of every prompt
 * @param completionTokens length of every completion
 * @param decodedTokens completion length where only decoding is timed
 * @param microBatchTokens rows of one forward and backward of a GRPO step
 */
public record Workload(
    String name,
    int vocabulary,
    FromScratch shape,
    int groups,
    int groupSize,
    int promptTokens,
    int completionTokens,
    int decodedTokens,
    int microBatchTokens) {

  /** 1.67 M parameters: what a laptop trains in minutes. */
  public static final Workload TINY =
      new Workload("tiny", 512, shape(192, 4, 6, 2, 512, 512), 8, 8, 32, 64, 64, 8192);

  /** 494 M parameters: the shape of Qwen2.5-0.5B. */
  public static final Workload QWEN =
      new Workload(
          "qwen-0.5b", 151_936, shape(896, 24, 14, 2, 4864, 4096), 1, 8, 128, 64, 32, 8192);

  /** The first code point of a long run of assigned ones, each a token of its own. */
  private static final int FIRST_CHARACTER = 0x20000;

  /** A shape as Qwen2's: biases at queries, keys and values, the embedding tied to the head. */
  public static FromScratch shape(
      int hidden, int layers, int heads, int keyValues, int feedForward, int positions) {
    return shape(hidden, layers, heads, keyValues, feedForward, positions, true);
  }

  /** The same, with a head of its own where it is not tied. */
  public static FromScratch shape(
      int hidden,
      int layers,
      int heads,
      int keyValues,
      int feedForward,
      int positions,
      boolean tied) {
    return new FromScratch(
        hidden,
        layers,
        heads,
        Optional.of(keyValues),
        Optional.empty(),
        feedForward,
        positions,
        10_000,
        1e-6,
        tied,
        true,
        0.02,
        new Vocabulary(Optional.empty(), true, List.of()));
  }

  /** The same with so many rows of one forward and backward. */
  public Workload inMicroBatches(int rows) {
    return new Workload(
        name,
        vocabulary,
        shape,
        groups,
        groupSize,
        promptTokens,
        completionTokens,
        decodedTokens,
        rows);
  }

  /** The same with prompts that bring the mean context while decoding to this. */
  public Workload atContext(int context) {
    return new Workload(
        name,
        vocabulary,
        shape,
        groups,
        groupSize,
        context - decodedTokens / 2,
        completionTokens,
        decodedTokens,
        microBatchTokens);
  }

  public ModelConfig model() {
    return Policy.shape(shape, vocabulary);
  }

  /**
   * A token a character; end of sequence lies outside the model's vocabulary: it is never drawn.
   */
  public Tokenizer tokenizer() {
    return TokenizerBuilder.characters(characters(0, vocabulary)).endOfSequence("<|end|>").build();
  }

  /** A prompt of {@link #promptTokens} tokens; another one for each index. */
  String prompt(int index) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < promptTokens; i++) {
      int id = Math.floorMod((index * 31 + i) * 7919, Math.min(500, vocabulary));
      text.appendCodePoint(character(id));
    }
    return text.toString();
  }

  /** The token ids of {@link #prompt}. */
  int[] promptIds(int index) {
    return prompt(index).codePoints().map(c -> c - FIRST_CHARACTER).toArray();
  }

  private static String characters(int from, int to) {
    StringBuilder text = new StringBuilder();
    for (int id = from; id < to; id++) {
      text.appendCodePoint(character(id));
    }
    return text.toString();
  }

  private static int character(int id) {
    return FIRST_CHARACTER + id;
  }
}
