package io.whetstone.cuda;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Plans of the rows that were asked for last, on the device: the layers of a step all ask for the
 * same.
 */
final class CachePlans {
  /**
   * Blocks for each multiprocessor that keep it busy: several waves of what fits on one, so that
   * the last is short.
   */
  private static final int BUSY = 8;

  /** Numbers of records are multiples of a fraction of themselves, or of so many. */
  private static final int LEAST_STEP = 16;

  private static final int STEPS = 8;

  /** What layers differ in that a plan depends on. */
  private record Layer(int window, Heads heads, DType type) {}

  /** Addresses of a plan's arrays, and what there is of each. */
  record OnDevice(
      long pages,
      long rows,
      long ends,
      long narrow,
      int narrowCount,
      long wide,
      int wideCount,
      long merges,
      int mergeCount,
      long mergedSlots,
      int slots) {}

  private final Gpu gpu;
  private final Map<Layer, OnDevice> plans = new HashMap<>();
  private final Ints all = new Ints();
  private CachedRows last = new CachedRows(new int[0][], new int[0], new int[0]);

  CachePlans(Gpu gpu) {
    this.gpu = gpu;
  }

  OnDevice of(CachedRows rows, AttentionForm form, Heads heads, DType type) {
    if (!same(rows, last)) {
      plans.clear();
      last = copy(rows);
    }
    Layer layer = new Layer(form.window(), heads, type);
    OnDevice plan = plans.get(layer);
    if (plan == null) {
      int wide = HeadSize.of(heads).wideVectors(type);
      plan = send(new CachePlan(rows, form, heads, wide, BUSY * gpu.multiprocessors()));
      plans.put(layer, plan);
    }
    return plan;
  }

  private static boolean same(CachedRows a, CachedRows b) {
    return Arrays.equals(a.length(), b.length())
        && Arrays.equals(a.sequence(), b.sequence())
        && Arrays.deepEquals(a.pages(), b.pages());
  }

  /** The caller may change the arrays. */
  private static CachedRows copy(CachedRows rows) {
    int[][] pages = new int[rows.pages().length][];
    Arrays.setAll(pages, s -> rows.pages()[s].clone());
    return new CachedRows(pages, rows.sequence().clone(), rows.length().clone());
  }

  private OnDevice send(CachePlan plan) {
    all.clear();
    int pages = put(plan.pages(), 1);
    int rows = put(plan.entries().rows(), 1);
    int ends = put(plan.entries().ends(), 1);
    int narrow = put(plan.narrow().ints(), AttentionItems.FIELDS);
    int wide = put(plan.wide().ints(), AttentionItems.FIELDS);
    int merges = put(plan.merges(), CachePlan.MERGE_FIELDS);
    int mergedSlots = put(plan.mergedSlots(), 1);
    long bytes = 4L * all.size();
    long to = gpu.temporaries().reserve("plan of cached attention " + plans.size(), bytes);
    gpu.queue().copyToDevice(MemorySegment.ofArray(all.array()).asSlice(0, bytes), to);
    return new OnDevice(
        to + 4L * pages,
        to + 4L * rows,
        to + 4L * ends,
        to + 4L * narrow,
        padded(plan.narrow().count()),
        to + 4L * wide,
        padded(plan.wide().count()),
        to + 4L * merges,
        padded(plan.mergeCount()),
        to + 4L * mergedSlots,
        padded(plan.slots()));
  }

  /** Where the ints of records begin among all; records of zeros, which do nothing, follow them. */
  private int put(Ints ints, int fields) {
    int at = all.size();
    all.add(Arrays.copyOf(ints.array(), ints.size()));
    all.add(new int[padded(ints.size() / fields) * fields - ints.size()]);
    return at;
  }

  /**
   * A number of records that stays the same while there are a few more: steps whose launches are
   * the same are replayed.
   */
  private static int padded(int count) {
    int step = Math.max(LEAST_STEP, Integer.highestOneBit(count) / STEPS);
    return Math.ceilDiv(count, step) * step;
  }
}
