package io.whetstone.generation;

import io.whetstone.tensor.DrawnTokens;
import io.whetstone.tensor.Philox;
import io.whetstone.tokenizer.StreamingDecoder;
import io.whetstone.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Optional;

/** A completion under way: its tokens so far and the pages it reads and writes. */
final class Decoding {
  final int request;
  final int sample;
  final Prompt prompt;

  /** Cache pages by position; null while the sequence waits for a place. */
  int[] pages;

  private final long key;
  private final Tokenizer tokenizer;
  private final Thought thought;
  private final int maxPositions;
  private final StringBuilder text = new StringBuilder();
  private final int longestStopString;
  private int[] ids = new int[32];
  private float[] logprobs = new float[32];
  private boolean[] forced = new boolean[32];
  private int count;
  private int told;
  private StreamingDecoder decoder;
  private StopReason stop;

  /** What was asked for last, while it is not known. */
  private NextToken asked;

  Decoding(int request, int sample, Prompt prompt, Tokenizer tokenizer, int maxPositions) {
    this.request = request;
    this.sample = sample;
    this.prompt = prompt;
    this.key = Philox.derive(prompt.request().randomKey(), sample);
    this.tokenizer = tokenizer;
    this.maxPositions = maxPositions;
    this.thought = prompt.request().thinking().map(Thought::new).orElse(null);
    var strings = prompt.request().stop().strings();
    this.decoder = strings.isEmpty() ? null : tokenizer.streamingDecoder();
    this.longestStopString = strings.stream().mapToInt(String::length).max().orElse(0);
  }

  /**
   * Asks for the next token: the one behind that which is being drawn for it already, if any is.
   *
   * @param row of the step that is to draw it
   * @return empty where the token that is being drawn is the last, whatever it is
   */
  Optional<NextToken> next(int row) {
    boolean follows = asked != null && asked.wanted();
    int index = follows ? asked.index() + 1 : count;
    if (full(index) != null) {
      return Optional.empty();
    }
    asked =
        follows
            ? new NextToken(this, row, index, Thought.DRAW, DrawnTokens.placeholder(asked.row()))
            : new NextToken(this, row, index, forced(), lastId());
    return Optional.of(asked);
  }

  /** Whether the token of this index comes next, and this one is put in, or none. */
  boolean awaits(int index, int id) {
    return !ended() && count == index && forced() == id;
  }

  /** The uniform number that draws the token of an index. */
  double uniform(int index) {
    return Philox.uniform(key, index);
  }

  /** The id that comes next whatever is drawn, or {@link Thought#DRAW}. */
  private int forced() {
    return thought == null ? Thought.DRAW : thought.forced();
  }

  /**
   * The last token, which is fed next. Where the first tokens were taken back this is the prompt's,
   * whose keys and values are then written once more, as they are.
   */
  private int lastId() {
    return count == 0 ? prompt.request().prompt()[prompt.length() - 1] : ids[count - 1];
  }

  boolean ended() {
    return stop != null;
  }

  /** Takes what was drawn for it, if it is wanted. */
  void take(NextToken next, DrawnTokens drawn) {
    if (asked == next) {
      asked = null;
    }
    if (next.wanted()) {
      append(drawn.token(next.row()), drawn.logprob(next.row()));
    }
  }

  /** Adds the token that was drawn or put in, and decides whether the completion ends with it. */
  private void append(int id, float logprob) {
    if (count == ids.length) {
      ids = Arrays.copyOf(ids, count * 2);
      logprobs = Arrays.copyOf(logprobs, count * 2);
      forced = Arrays.copyOf(forced, count * 2);
    }
    forced[count] = forced() != Thought.DRAW;
    ids[count] = id;
    logprobs[count++] = logprob;
    StopRules rules = prompt.request().stop();
    if (thought != null) {
      if (thought.mustGoOn(ids, count, rules.tokens().contains(id))) {
        takeBack(thought.goOn(ids, count));
        return;
      }
      thought.added(ids, count);
    }
    if (rules.tokens().contains(id)) {
      stop = StopReason.END_OF_SEQUENCE;
    } else if (endsWithStopString(id)) {
      stop = StopReason.STOP_STRING;
    } else {
      stop = full(count);
    }
  }

  /** Why nothing can follow so many tokens, or null where something can. */
  private StopReason full(int tokens) {
    if (tokens == prompt.request().stop().maxTokens()) {
      return StopReason.LENGTH;
    }
    return prompt.length() + tokens == maxPositions ? StopReason.CONTEXT : null;
  }

  /** Removes the last ids; the next step computes the logits of that place anew. */
  private void takeBack(int tokens) {
    count -= tokens;
    if (decoder != null && tokens > 1) {
      decoder = tokenizer.streamingDecoder();
      text.setLength(0);
      for (int i = 0; i < count; i++) {
        text.append(decoder.add(ids[i]));
      }
    }
  }

  /** Tells of the tokens that stand for good. */
  void tell(TokenListener listener) {
    int settled = ended() || thought == null ? count : count - thought.unsettled(ids, count);
    while (told < settled) {
      listener.drawn(request, sample, ids[told++]);
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

  Completion completion(long policyVersion) {
    int[] drawn = Arrays.copyOf(ids, count);
    int shown = stop == StopReason.END_OF_SEQUENCE ? count - 1 : count;
    return new Completion(
        drawn,
        Arrays.copyOf(logprobs, count),
        Arrays.copyOf(forced, count),
        tokenizer.decode(Arrays.copyOf(ids, shown)),
        stop,
        policyVersion);
  }
}
