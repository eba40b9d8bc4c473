package io.whetstone.tokenizer;

/**
 * Turns ids into text as they come, for streaming and for stop strings.
 *
 * <p>A character may be spread over several tokens; what {@link #add} returns is final, so text
 * that a later token could still change is held back. All that was returned, {@link #finish}
 * included, is {@link Tokenizer#decode} of all ids. Made by {@link Tokenizer#streamingDecoder};
 * serves one sequence; not thread-safe.
 */
public sealed interface StreamingDecoder permits ByteStreamingDecoder, WindowStreamingDecoder {
  /** The text that became final with this id; often empty while a character is incomplete. */
  String add(int id);

  /** The rest: an incomplete character becomes U+FFFD. The decoder then starts anew. */
  String finish();
}
