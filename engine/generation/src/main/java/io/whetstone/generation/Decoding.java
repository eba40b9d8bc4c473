package io.whetstone.generation;

import io.whetstone.tensor.Philox;
import io.whetstone.tokenizer.StreamingDecoder;
import io.whetstone.tokenizer.Tokenizer;
import java.util.Arrays;

/** A completion under way: its tokens so far and the pages it reads and writes. */
final class Decoding {
  final int request;
  final int sample;
  final Prompt prompt;

  /** Cache pages by position; null while the sequence waits for a place. */
  int[] pages;

  private final long key;
  private final StreamingDecoder decoder;
  private final StringBuilder text = new StringBuilder();
  private final int longestStopString;
  private int[] ids = new int[32];
  private float[] logprobs = new float[32];
  private int count;
  private StopReason stop;

  Decoding(int request, int sample, Prompt prompt, Tokenizer tokenizer) {
    this.request = request;
    this.sample = sample;
    this.prompt = prompt;
    this.key = Philox.derive(prompt.request().randomKey(), sample);
    var strings = prompt.request().stop().strings();
    this.decoder = strings.isEmpty() ? null : tokenizer.streamingDecoder();
    this.longestStopString = strings.stream().mapToInt(String::length).max().orElse(0);
  }

  /** The uniform number that draws the next token. */
  double uniform() {
    return Philox.uniform(key, count);
  }

  /** The token to feed next: the last one drawn. */
  int lastId() {
    return ids[count - 1];
  }

  /** The position of the last drawn token. */
  int lastPosition() {
    return prompt.length() + count - 1;
  }

  boolean ended() {
    return stop != null;
  }

  /** Takes the drawn token and decides whether the completion ends with it. */
  void append(int id, float logprob, int maxPositions) {
    if (count == ids.length) {
      ids = Arrays.copyOf(ids, count * 2);
      logprobs = Arrays.copyOf(logprobs, count * 2);
    }
    ids[count] = id;
    logprobs[count++] = logprob;
    StopRules rules = prompt.request().stop();
    if (rules.tokens().contains(id)) {
      stop = StopReason.END_OF_SEQUENCE;
    } else if (endsWithStopString(id)) {
      stop = StopReason.STOP_STRING;
    } else if (count == rules.maxTokens()) {
      stop = StopReason.LENGTH;
    } else if (prompt.length() + count == maxPositions) {
      stop = StopReason.CONTEXT;
    }
  }

  private boolean endsWithStopString(int id) {
    if (decoder == null) {
      return false;
    }
    int before = text.length();
    text.append(decoder.add(id));
    int from = Math.max(0, before - longestStopString + 1);
    return prompt.request().stop().strings().stream().anyMatch(s -> text.indexOf(s, from) >= 0);
  }

  Completion completion(Tokenizer tokenizer, long policyVersion) {
    int[] drawn = Arrays.copyOf(ids, count);
    int shown = stop == StopReason.END_OF_SEQUENCE ? count - 1 : count;
    return new Completion(
        drawn,
        Arrays.copyOf(logprobs, count),
        tokenizer.decode(Arrays.copyOf(ids, shown)),
        stop,
        policyVersion);
  }
}
