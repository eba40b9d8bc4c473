package io.whetstone.cuda;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.Heads;
import java.util.Arrays;

/**
 * How rows that attend to a cache are made {@link AttentionItems}: the rows of a sequence together,
 * and over the pages that sequences have in common the rows of all of them, so that a group's
 * prompt is read once. Where there are too few items to keep the GPU busy, each is split into
 * chunks. None of it decides a bit: a row's states are merged in the order of their chunks.
 */
final class CachePlan {
  /** Pages of a chunk. */
  private static final int CHUNK_PAGES = AttentionItems.CHUNK / AttentionItems.TILE;

  /** A merged head's ints: its row, its head in the group, and which slots are its. */
  static final int MERGE_FIELDS = 4;

  /** The rows [from, to) of the order, of one sequence, which see positions up to longest. */
  private record Run(int from, int to, int sequence, int longest, int firstPage) {}

  private final CachedRows rows;
  private final AttentionForm form;
  private final int group;
  private final int wideVectors;
  private final boolean splits;

  private final AttentionRows entries = new AttentionRows();
  private final AttentionItems narrow = new AttentionItems();
  private final AttentionItems wide = new AttentionItems();
  private final Ints pages = new Ints();
  private final Run[] runs;

  /** For each state in order: entry · group + head in the group, and its slot. */
  private final Ints states = new Ints();

  private final Ints merges = new Ints();
  private final Ints mergedSlots = new Ints();
  private int slots;

  /**
   * @param wideVectors query vectors of an item that has more than {@link HeadSize#VECTORS}, at
   *     most
   * @param busy items that keep the GPU busy
   */
  CachePlan(CachedRows rows, AttentionForm form, Heads heads, int wideVectors, int busy) {
    this.rows = rows;
    this.form = form;
    this.group = heads.group();
    this.wideVectors = wideVectors;
    runs = runs();
    int tiles = 0;
    for (Run run : runs) {
      int count = (run.to - run.from) * group;
      tiles += Math.ceilDiv(count, vectors(count));
    }
    splits = tiles * heads.keyValues() < busy;
    int from = 0;
    while (from < runs.length) {
      int to = from + 1;
      int common = commonChunks(runs[from], runs[from]);
      while (to < runs.length && commonChunks(runs[from], runs[to]) > 0) {
        common = Math.min(common, commonChunks(runs[from], runs[to++]));
      }
      boolean shared = to > from + 1;
      if (shared) {
        lay(runs[from], runs[to - 1].to, 0, common, false);
      }
      for (int run = from; run < to; run++) {
        int chunks = AttentionItems.chunks(runs[run].longest);
        lay(runs[run], runs[run].to, shared ? common : 0, chunks, !shared);
      }
      from = to;
    }
    merge();
  }

  /** The rows in the order of their sequences' pages, so that neighbours share the most. */
  private Run[] runs() {
    int[][] sequencePages = rows.pages();
    Integer[] order = new Integer[rows.rows()];
    Arrays.setAll(order, r -> r);
    Arrays.sort(
        order,
        (a, b) -> {
          int one = rows.sequence()[a];
          int other = rows.sequence()[b];
          int byPages = one == other ? 0 : Arrays.compare(sequencePages[one], sequencePages[other]);
          return byPages != 0 ? byPages : Integer.compare(one, other);
        });
    Run[] all = new Run[order.length];
    int count = 0;
    for (int from = 0; from < order.length; ) {
      int sequence = rows.sequence()[order[from]];
      int longest = 0;
      int to = from;
      for (; to < order.length && rows.sequence()[order[to]] == sequence; to++) {
        int length = rows.length()[order[to]];
        entries.add(order[to], length);
        longest = Math.max(longest, length);
      }
      all[count++] = new Run(from, to, sequence, longest, pages.size());
      for (int page = 0; page * AttentionItems.TILE < longest; page++) {
        pages.add(sequencePages[sequence][page]);
      }
      from = to;
    }
    return Arrays.copyOf(all, count);
  }

  /** Leading chunks of which the rows of both see all, and whose pages are the same. */
  private int commonChunks(Run one, Run other) {
    int[] a = rows.pages()[one.sequence];
    int[] b = rows.pages()[other.sequence];
    int same = Arrays.mismatch(a, b);
    int most = Math.min(one.longest, other.longest) / AttentionItems.CHUNK;
    return Math.min(most, (same < 0 ? a.length : same) / CHUNK_PAGES);
  }

  /**
   * Makes items of the chunks [fromChunk, toChunk) of a run's pages, for its rows and those after
   * it up to an entry.
   *
   * @param all whether these are all the chunks that the rows see
   */
  private void lay(Run run, int toEntry, int fromChunk, int toChunk, boolean all) {
    int count = (toEntry - run.from) * group;
    int vectors = vectors(count);
    AttentionItems items = count > HeadSize.VECTORS ? wide : narrow;
    for (int from = 0; from < count; from += vectors) {
      int to = Math.min(count, from + vectors);
      int first = Integer.MAX_VALUE;
      int last = 0;
      for (int e = run.from + from / group; e <= run.from + (to - 1) / group; e++) {
        int end = entries.ends().get(e);
        first = Math.min(first, AttentionItems.firstChunk(form, end));
        last = Math.max(last, AttentionItems.chunks(end));
      }
      first = Math.max(first, fromChunk);
      last = Math.min(last, toChunk);
      if (all && (!splits || last - first == 1)) {
        items.add(run.from, from, to, run.firstPage, first, last, AttentionItems.WHOLE);
        continue;
      }
      for (int chunk = first; chunk < last; ) {
        int next = splits ? chunk + 1 : last;
        items.add(run.from, from, to, run.firstPage, chunk, next, slots);
        for (int vector = from; vector < to; vector++) {
          states.add(run.from * group + vector);
          states.add(slots++);
        }
        chunk = next;
      }
    }
  }

  private int vectors(int count) {
    return count > HeadSize.VECTORS ? wideVectors : HeadSize.VECTORS;
  }

  /** Sorts the states by their vectors, without changing the order of a vector's. */
  private void merge() {
    int[] next = new int[entries.count() * group + 1];
    for (int i = 0; i < states.size(); i += 2) {
      next[states.get(i) + 1]++;
    }
    for (int vector = 0; vector + 1 < next.length; vector++) {
      if (next[vector + 1] > 0) {
        int from = next[vector];
        int row = entries.rows().get(vector / group);
        merges.add(row, vector % group, from, from + next[vector + 1]);
      }
      next[vector + 1] += next[vector];
    }
    int[] sorted = new int[states.size() / 2];
    for (int i = 0; i < states.size(); i += 2) {
      sorted[next[states.get(i)]++] = states.get(i + 1);
    }
    mergedSlots.add(sorted);
  }

  AttentionRows entries() {
    return entries;
  }

  /** Items of up to {@link HeadSize#VECTORS} query vectors. */
  AttentionItems narrow() {
    return narrow;
  }

  /** Items of more, or of the rest of them. */
  AttentionItems wide() {
    return wide;
  }

  Ints pages() {
    return pages;
  }

  /** Heads of a group to merge: their row, which head, and from where to where their slots are. */
  Ints merges() {
    return merges;
  }

  int mergeCount() {
    return merges.size() / MERGE_FIELDS;
  }

  Ints mergedSlots() {
    return mergedSlots;
  }

  /** States that are kept for a key head. */
  int slots() {
    return slots;
  }
}
