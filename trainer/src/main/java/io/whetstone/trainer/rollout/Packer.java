package io.whetstone.trainer.rollout;

import io.whetstone.model.PackedTokens;
import io.whetstone.tensor.Segments;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Packs samples into micro-batches of at most so many rows, in order.
 *
 * <p>Neighbours of one group share their prompt's rows: the prompt is a segment of its own, each
 * completion a segment with the prompt as prefix. A prompt with one completion only is one segment
 * with it. A group that does not fit is split, and its prompt packed again. The last token of a
 * sample predicts nothing and takes no row. A sample longer than the budget is a micro-batch of its
 * own: nothing is ever cut.
 */
public final class Packer {
  private final int rowBudget;

  public Packer(int rowBudget) {
    this.rowBudget = rowBudget;
  }

  /** Packs the samples that have a trained token. */
  public List<MicroBatch> pack(List<TrainingSample> samples) {
    return pack(samples, sample -> true);
  }

  /** Packs those of the samples with a trained token that are wanted; indices stay. */
  public List<MicroBatch> pack(List<TrainingSample> samples, Predicate<TrainingSample> wanted) {
    List<MicroBatch> batches = new ArrayList<>();
    Packing packing = new Packing();
    for (int s = 0; s < samples.size(); s++) {
      TrainingSample sample = samples.get(s);
      if (sample.trainedTokens() == 0 || !wanted.test(sample)) {
        continue;
      }
      if (!packing.isEmpty() && packing.rows() + packing.rowsFor(sample) > rowBudget) {
        batches.add(packing.finish());
        packing = new Packing();
      }
      packing.add(sample, s);
    }
    if (!packing.isEmpty()) {
      batches.add(packing.finish());
    }
    return batches;
  }

  /** A micro-batch being filled. */
  private static final class Packing {
    private final IntStream.Builder ids = IntStream.builder();
    private final IntStream.Builder positions = IntStream.builder();
    private final IntStream.Builder headRows = IntStream.builder();
    private final IntStream.Builder targets = IntStream.builder();
    private final IntStream.Builder sampleOf = IntStream.builder();
    private final IntStream.Builder positionOf = IntStream.builder();
    private final List<int[]> segments = new ArrayList<>();
    private int rows;
    private int[] prompt;
    private int promptStart;

    /** Segments of the prompt's, its own included. */
    private int promptSegments;

    boolean isEmpty() {
      return rows == 0;
    }

    int rows() {
      return rows;
    }

    int rowsFor(TrainingSample sample) {
      int own = sample.ids().length - 1;
      return sample.prompt() == prompt ? own : own + sample.prompt().length;
    }

    void add(TrainingSample sample, int index) {
      if (sample.prompt() != prompt) {
        joinSingle();
        prompt = sample.prompt();
        promptStart = rows;
        append(prompt, prompt.length, 0);
        segments.add(new int[] {promptStart, rows, promptStart, promptStart});
        promptSegments = 1;
      }
      int start = rows;
      int own = sample.ids().length - 1;
      append(sample.ids(), own, prompt.length);
      if (own > 0) {
        segments.add(new int[] {start, rows, promptStart, promptStart + prompt.length});
        promptSegments++;
      }
      for (int i = 0; i <= own; i++) {
        if (sample.trained()[i]) {
          headRows.add(i == 0 ? promptStart + prompt.length - 1 : start + i - 1);
          targets.add(sample.ids()[i]);
          sampleOf.add(index);
          positionOf.add(i);
        }
      }
    }

    /** Makes one segment of the last prompt and its completion, if it has but one. */
    private void joinSingle() {
      if (promptSegments == 2) {
        int end = segments.removeLast()[1];
        segments.getLast()[1] = end;
      }
    }

    private void append(int[] tokens, int count, int firstPosition) {
      for (int i = 0; i < count; i++) {
        ids.add(tokens[i]);
        positions.add(firstPosition + i);
      }
      rows += count;
    }

    MicroBatch finish() {
      joinSingle();
      Segments packed = new Segments(column(0), column(1), column(2), column(3));
      return new MicroBatch(
          new PackedTokens(ids.build().toArray(), positions.build().toArray(), packed),
          headRows.build().toArray(),
          targets.build().toArray(),
          sampleOf.build().toArray(),
          positionOf.build().toArray());
    }

    private int[] column(int index) {
      return segments.stream().mapToInt(s -> s[index]).toArray();
    }
  }
}
