package io.whetstone.nd4j;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.Heads;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Attention over the paged cache: every row's positions are gathered into one padded array, and
 * what is padding, or beyond the window, is masked.
 */
final class CachedAttention {
  /** Numbers gathered at once, so that memory is bounded whatever the number of rows. */
  private static final long GATHERED = 1 << 24;

  private final Heads heads;
  private final PagedKvCache cache;
  private final CachedRows rows;
  private final AttentionForm form;

  CachedAttention(Heads heads, PagedKvCache cache, CachedRows rows, AttentionForm form) {
    this.heads = heads;
    this.cache = cache;
    this.rows = rows;
    this.form = form;
  }

  /**
   * s = scale · q kᵀ (capped) + mask; out = softmax(s) v.
   *
   * @param fused [rows, queries + 2 keyValues, size]
   * @param layer [slots, 2 keyValues · size]
   * @param out [rows, queries, size]
   */
  void attend(INDArray fused, INDArray layer, INDArray out) {
    int longest = 0;
    for (int length : rows.length()) {
      longest = Math.max(longest, length);
    }
    int chunk = (int) Math.max(1, GATHERED / (longest * layer.size(1)));
    for (int from = 0; from < rows.rows(); from += chunk) {
      int to = Math.min(from + chunk, rows.rows());
      attend(from, to, longest, fused, layer, out);
    }
  }

  private void attend(int from, int to, int longest, INDArray fused, INDArray layer, INDArray out) {
    long n = to - from;
    long size = heads.size();
    long shared = heads.keyValues();
    INDArray seen =
        Rows.gather(layer, slots(from, to, longest)).reshape(n, longest, 2 * shared, size);
    INDArray k = flat(Part.of(seen, 2, 0, shared));
    INDArray v = flat(Part.of(seen, 2, shared, 2 * shared));
    INDArray q =
        Part.of(Part.rows(fused, from, to), 1, 0, heads.queries())
            .dup('c')
            .reshape(n * shared, heads.group(), size);
    INDArray z =
        Softmax.attentionLogits(q, k, form)
            .reshape(n, heads.queries(), longest)
            .add(mask(from, to, longest));
    INDArray p = Transforms.exp(z.subi(Softmax.logSumExp(z)), false);
    INDArray attended =
        Nd4j.matmul(p.reshape(n * shared, heads.group(), longest), v, false, false, false);
    Part.rows(out, from, to).assign(attended.reshape(n, heads.queries(), size));
  }

  /** [n, longest, keyValues, size] → [n · keyValues, longest, size]. */
  private static INDArray flat(INDArray x) {
    return x.permute(0, 2, 1, 3).dup('c').reshape(x.size(0) * x.size(2), x.size(1), x.size(3));
  }

  /** For each row, the slots of its positions; padding repeats its first one. */
  private int[] slots(int from, int to, int longest) {
    int[] slots = new int[(to - from) * longest];
    int size = cache.pageSize();
    for (int r = from; r < to; r++) {
      int[] pages = rows.pages()[rows.sequence()[r]];
      for (int p = 0; p < longest; p++) {
        int position = p < rows.length()[r] ? p : 0;
        slots[(r - from) * longest + p] = pages[position / size] * size + position % size;
      }
    }
    return slots;
  }

  /** 0 where a row sees a position, −∞ where it does not: [n, 1, longest]. */
  private INDArray mask(int from, int to, int longest) {
    float[] mask = new float[(to - from) * longest];
    for (int r = from; r < to; r++) {
      int length = rows.length()[r];
      for (int p = 0; p < longest; p++) {
        boolean sees = p >= form.firstSeen(length) && p < length;
        mask[(r - from) * longest + p] = sees ? 0 : Float.NEGATIVE_INFINITY;
      }
    }
    return Nd4j.createFromArray(mask).reshape(to - from, 1, longest);
  }
}
