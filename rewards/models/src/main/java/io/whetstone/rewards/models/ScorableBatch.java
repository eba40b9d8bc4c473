package io.whetstone.rewards.models;

import io.whetstone.model.PackedTokens;
import io.whetstone.tensor.Segments;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Scorables packed without padding, neighbours with the same prompt array sharing its rows. What
 * follows the last token that is scored takes no row.
 *
 * @param rows for each number wanted, its packed row
 * @param owner for each, its scorable's index in the list that was packed
 * @param index for each, which of the scorable's numbers it is
 */
record ScorableBatch(PackedTokens tokens, int[] rows, int[] owner, int[] index) {

  /** Batches of at most so many rows, in order; a longer scorable is a batch of its own. */
  static List<ScorableBatch> pack(List<Scorable> scorables, int rowBudget) {
    List<ScorableBatch> batches = new ArrayList<>();
    Packing packing = new Packing();
    for (int s = 0; s < scorables.size(); s++) {
      Scorable scorable = scorables.get(s);
      if (scorable.ends().length == 0) {
        continue;
      }
      if (packing.rows > 0 && packing.rows + packing.rowsFor(scorable) > rowBudget) {
        batches.add(packing.finish());
        packing = new Packing();
      }
      packing.add(scorable, s);
    }
    if (packing.rows > 0) {
      batches.add(packing.finish());
    }
    return batches;
  }

  /** Tokens that scoring them takes. */
  static long tokens(List<Scorable> scorables, int rowBudget) {
    return pack(scorables, rowBudget).stream().mapToLong(batch -> batch.tokens().rows()).sum();
  }

  private static final class Packing {
    private final IntStream.Builder ids = IntStream.builder();
    private final IntStream.Builder wanted = IntStream.builder();
    private final IntStream.Builder owner = IntStream.builder();
    private final IntStream.Builder index = IntStream.builder();
    private final List<int[]> segments = new ArrayList<>();
    private int rows;
    private int[] prompt;
    private int promptStart;

    int rowsFor(Scorable scorable) {
      return scorable.rows() + (scorable.prompt() == prompt ? 0 : scorable.prompt().length);
    }

    void add(Scorable scorable, int s) {
      if (scorable.prompt() != prompt) {
        prompt = scorable.prompt();
        promptStart = rows;
        append(prompt, prompt.length);
        segments.add(new int[] {promptStart, rows, promptStart, promptStart});
      }
      int promptEnd = promptStart + prompt.length;
      int start = rows;
      if (scorable.rows() > 0) {
        append(scorable.completion(), scorable.rows());
        segments.add(new int[] {start, rows, promptStart, promptEnd});
      }
      for (int i = 0; i < scorable.ends().length; i++) {
        int end = scorable.ends()[i];
        wanted.add(end < 0 ? promptEnd - 1 : start + end);
        owner.add(s);
        index.add(i);
      }
    }

    private void append(int[] tokens, int count) {
      for (int i = 0; i < count; i++) {
        ids.add(tokens[i]);
      }
      rows += count;
    }

    ScorableBatch finish() {
      Segments packed = new Segments(column(0), column(1), column(2), column(3));
      return new ScorableBatch(
          PackedTokens.of(ids.build().toArray(), packed),
          wanted.build().toArray(),
          owner.build().toArray(),
          index.build().toArray());
    }

    private int[] column(int i) {
      return segments.stream().mapToInt(s -> s[i]).toArray();
    }
  }
}
