package io.whetstone.trainer.rollout;

import io.whetstone.generation.ThinkingBudget;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerException;
import io.whetstone.trainer.config.Decoding;
import io.whetstone.trainer.config.Thinking;
import java.util.Optional;
import java.util.OptionalInt;

/** Makes token ids of a configuration's {@code thinking}. */
public final class ThinkingBudgets {
  private ThinkingBudgets() {}

  /**
   * What bounds a completion's thought; empty where nothing does.
   *
   * @throws IllegalArgumentException where the vocabulary cannot say one of the texts
   */
  public static Optional<ThinkingBudget> of(Decoding decoding, Tokenizer tokenizer) {
    return decoding
        .thinking()
        .filter(Thinking::forces)
        .map(
            thinking ->
                new ThinkingBudget(
                    encode("end", thinking.end(), tokenizer),
                    // Unused, it need not be in the vocabulary.
                    thinking.times() == 0
                        ? new int[0]
                        : encode("again", thinking.again(), tokenizer),
                    thinking.times(),
                    thinking.mostTokens().map(OptionalInt::of).orElse(OptionalInt.empty())));
  }

  private static int[] encode(String key, String text, Tokenizer tokenizer) {
    try {
      return tokenizer.encode(text);
    } catch (TokenizerException e) {
      throw new IllegalArgumentException(
          "thinking."
              + key
              + ": \""
              + text
              + "\" is not in the model's vocabulary ("
              + e.getMessage()
              + "); set it to a text that is",
          e);
    }
  }
}
