package io.whetstone.tensor.conformance;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import java.util.List;

/** Head layouts and packings that attention is tried on. */
final class AttentionCases {
  private AttentionCases() {}

  /** Groups of 1, 2, 3 and 4 query heads, sizes 2 to 64, multiples of no vector among them. */
  static final List<Heads> HEADS =
      List.of(
          new Heads(1, 1, 2),
          new Heads(2, 1, 4),
          new Heads(4, 1, 6),
          new Heads(3, 3, 10),
          new Heads(4, 2, 16),
          new Heads(6, 2, 22),
          new Heads(4, 4, 32),
          new Heads(2, 1, 64));

  static final List<Segments> SEGMENTS =
      List.of(
          Segments.ofLengths(),
          Segments.ofLengths(0),
          Segments.ofLengths(1),
          Segments.ofLengths(7),
          Segments.ofLengths(0, 3, 0, 1, 1, 17, 0),
          Segments.ofLengths(65),
          Segments.ofLengths(33, 64),
          new Segments(
              new int[] {0, 3, 5}, new int[] {3, 5, 9}, new int[] {0, 0, 0}, new int[] {0, 3, 3}),
          groups(),
          partOfAPrompt());

  /** Packings long enough that a backend works in several blocks of keys and of rows. */
  static final List<Segments> LONG =
      List.of(
          Segments.ofLengths(130, 1, 64, 65, 66),
          Segments.ofLengths(3, 270),
          longPrompt(),
          groups());

  /** Two prompts of 17 and 1 with completions, some empty, and a sequence of its own between. */
  private static Segments groups() {
    return new Segments(
        new int[] {0, 17, 18, 23, 23, 56, 63, 64, 66},
        new int[] {17, 18, 23, 23, 56, 63, 64, 66, 131},
        new int[] {0, 0, 0, 0, 0, 0, 0, 63, 63},
        new int[] {0, 17, 17, 17, 17, 0, 0, 64, 64});
  }

  /** A prompt longer than a block of rows may be, and two completions behind it. */
  private static Segments longPrompt() {
    return new Segments(
        new int[] {0, 290, 330}, new int[] {290, 330, 337}, new int[3], new int[] {0, 290, 290});
  }

  /** A completion that forks off inside a prompt, not at its end. */
  private static Segments partOfAPrompt() {
    return new Segments(
        new int[] {0, 9, 12}, new int[] {9, 12, 16}, new int[] {0, 0, 2}, new int[] {0, 4, 9});
  }

  /** Rows of one segment's sequence, prefix first. */
  static int[] sequence(Segments segments, int s) {
    return ReferenceAttention.visible(segments, s, segments.end()[s] - 1);
  }

  /** Plain, capped, windows shorter and longer than a block of keys, and both. */
  static List<AttentionForm> forms(Heads heads) {
    float scale = (float) (1 / Math.sqrt(heads.size()));
    return List.of(
        AttentionForm.scaled(scale),
        new AttentionForm(scale, 5, 0),
        new AttentionForm(scale, 0, 1),
        new AttentionForm(scale, 0, 21),
        new AttentionForm(scale, 0, 100),
        new AttentionForm(scale, 2, 37));
  }

  static AttentionForm plain(Heads heads) {
    return forms(heads).getFirst();
  }

  static double[] fused(long key, Heads heads, int rows, double deviation) {
    return Numbers.normal(key, rows * heads.fusedColumns(), deviation);
  }

  /** The given rows of a row-major matrix. */
  static double[] rows(double[] matrix, int columns, int[] rows) {
    double[] picked = new double[rows.length * columns];
    for (int r = 0; r < rows.length; r++) {
      System.arraycopy(matrix, rows[r] * columns, picked, r * columns, columns);
    }
    return picked;
  }
}
