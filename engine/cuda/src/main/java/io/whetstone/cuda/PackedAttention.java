package io.whetstone.cuda;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;

/** Causal attention over packed sequences, forward and backward; see attend.h and attention.cu. */
final class PackedAttention {
  private static final String FILE = "attention.cu";

  private final Gpu gpu;

  PackedAttention(Gpu gpu) {
    this.gpu = gpu;
  }

  void attention(
      Tensor fused,
      Heads heads,
      Segments segments,
      AttentionForm form,
      Tensor out,
      Tensor logSumExp) {
    HeadSize size = HeadSize.of(heads);
    DType type = fused.dtype();
    AttentionRows rows = new AttentionRows();
    AttentionItems items = AttentionItems.of(segments, heads.group(), size.wideVectors(type), rows);
    Kernel kernel = begin("attention", size, type).tensor(fused);
    heads(kernel, heads);
    items(kernel, items, rows);
    form(kernel, form);
    kernel.tensor(out).tensor(logSumExp);
    kernel.launch(items.count(), heads.keyValues(), HeadSize.THREADS, size.wideBytes(type));
  }

  void attentionBackward(
      Tensor dOut,
      Tensor fused,
      Heads heads,
      Segments segments,
      AttentionForm form,
      Tensor out,
      Tensor logSumExp,
      Tensor dFused) {
    HeadSize size = HeadSize.of(heads);
    DType type = fused.dtype();
    int vectors = segments.rows() * heads.queries();
    long deltas = gpu.temporaries().reserve("attention gradients", 4L * vectors);
    begin("attentionDelta", size, type)
        .tensor(dOut)
        .tensor(out)
        .integer(heads.size())
        .integer(vectors)
        .pointer(deltas)
        .launch(Math.ceilDiv(vectors, HeadSize.THREADS / 32), HeadSize.THREADS);

    AttentionRows rows = new AttentionRows();
    AttentionItems items = AttentionItems.of(segments, heads.group(), size.wideVectors(type), rows);
    Kernel queries = begin("attentionQueryGradients", size, type).tensor(dOut).tensor(fused);
    heads(queries, heads);
    items(queries, items, rows);
    form(queries, form);
    queries.tensor(logSumExp).pointer(deltas).tensor(dFused);
    queries.launch(
        items.count(),
        heads.keyValues(),
        size.queryGradientThreads(type),
        size.queryGradientBytes(type));

    int keysOfItem = size.gradientKeys(type);
    KeyItems keyItems = KeyItems.of(segments, form, keysOfItem);
    long partBytes = 8L * keysOfItem * size.padded() * heads.keyValues() * keyItems.slots();
    long parts = gpu.temporaries().reserve("attention gradients of prefixes", partBytes);
    Kernel keys = begin("attentionKeyGradients", size, type).tensor(dOut).tensor(fused);
    heads(keys, heads);
    keys.pointer(ints(keyItems.items())).pointer(ints(keyItems.viewerInts()));
    form(keys, form);
    keys.tensor(logSumExp).pointer(deltas).tensor(dFused);
    keys.pointer(parts).integer(keyItems.slots());
    keys.launch(
        keyItems.count() * size.gradientParts(type),
        heads.keyValues(),
        HeadSize.THREADS,
        size.keyGradientBytes(type));

    Kernel sum = begin("attentionSum", size, type).pointer(parts).integer(keyItems.slots());
    sum.pointer(ints(keyItems.sums()));
    heads(sum, heads);
    sum.tensor(dFused).launch(keyItems.sumCount(), heads.keyValues(), HeadSize.THREADS, 0);
  }

  private Kernel begin(String name, HeadSize size, DType type) {
    return gpu.kernel(FILE, name + suffix(type), size.define()).begin();
  }

  /** As kernels' names end. */
  static String suffix(DType type) {
    return type == DType.BF16 ? "Bf16" : "F32";
  }

  static void heads(Kernel kernel, Heads heads) {
    kernel.integer(heads.queries()).integer(heads.keyValues()).integer(heads.size());
  }

  static void form(Kernel kernel, AttentionForm form) {
    kernel.number(form.scale()).number(form.softCap()).integer(form.window());
  }

  private void items(Kernel kernel, AttentionItems items, AttentionRows rows) {
    kernel.pointer(ints(items.ints())).pointer(ints(rows.rows())).pointer(ints(rows.ends()));
  }

  private long ints(Ints ints) {
    return gpu.control().ints(ints.array(), ints.size());
  }
}
