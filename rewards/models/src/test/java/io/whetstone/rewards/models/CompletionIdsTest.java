package io.whetstone.rewards.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.rewards.models.StepRule.Span;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerBuilder;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Steps of one text in the tokens of two tokenizers. */
class CompletionIdsTest {
  private static final String TEXT = "<think>1+2=3;3+4=7</think><answer>7</answer>";
  private static final StepRule RULE = new StepRule(";|</think>", "");

  private static Tokenizer policy() {
    return TokenizerBuilder.characters("0123456789+=;?")
        .tags(List.of("<think>", "</think>", "<answer>", "</answer>"))
        .endOfSequence("<|end|>")
        .build();
  }

  /** Tags are text to it. */
  private static Tokenizer bytes() {
    return TokenizerBuilder.bytes().endOfSequence("<|eos|>").build();
  }

  @Test
  void stepsEndAtTheSameCharacters() {
    try (Tokenizer policy = policy();
        Tokenizer model = bytes()) {
      CompletionIds reading = new CompletionIds(model, Optional.of(policy));
      assertFalse(reading.shared());
      int[] ids = append(policy.encode(TEXT), policy.endOfSequence().getFirst());
      int[] read = reading.of(TEXT, ids, true);
      assertEquals(TEXT.length() + 1, read.length);
      assertEquals(model.endOfSequence().getFirst(), read[TEXT.length()]);
      CompletionIds.Steps steps = reading.steps(RULE, TEXT, ids, read);
      assertEquals(List.of(new Span(0, 13), new Span(13, 26), new Span(26, 45)), steps.scored());
      assertEquals(List.of(new Span(0, 7), new Span(7, 13), new Span(13, 17)), steps.trained());
      // What was cut off does not end.
      assertEquals(TEXT.length(), reading.of(TEXT, ids, false).length);
    }
  }

  @Test
  void theSameTokenizerTakesTheIdsAsTheyAre() {
    try (Tokenizer policy = policy();
        Tokenizer model = policy()) {
      CompletionIds reading = new CompletionIds(model, Optional.of(policy));
      assertTrue(reading.shared());
      int[] ids = policy.encode(TEXT);
      assertSame(ids, reading.of(TEXT, ids, true));
      CompletionIds.Steps steps = reading.steps(RULE, TEXT, ids, ids);
      assertEquals(steps.scored(), steps.trained());
    }
  }

  @Test
  void textAloneHasTheModelsTokensOnly() {
    try (Tokenizer model = bytes()) {
      CompletionIds reading = new CompletionIds(model, Optional.empty());
      int[] read = reading.of(TEXT, new int[0], false);
      assertArrayEquals(model.encode(TEXT), read);
      CompletionIds.Steps steps = reading.steps(RULE, TEXT, new int[0], read);
      assertEquals(3, steps.scored().size());
      assertEquals(steps.scored(), steps.trained());
    }
  }

  private static int[] append(int[] ids, int id) {
    int[] more = Arrays.copyOf(ids, ids.length + 1);
    more[ids.length] = id;
    return more;
  }
}
