package io.whetstone.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** A oneDNN primitive of fixed shapes, which any number of slots may run at the same time. */
final class DnnlPrimitive {
  private static final int SOURCE = 1;
  private static final int DESTINATION = 17;
  private static final int WEIGHTS = 33;
  private static final int SCRATCHPAD = 80;

  /** A dnnl_exec_arg_t: an int, four bytes of padding, a handle. */
  private static final int ARGUMENT_BYTES = 16;

  /** A slot's memory objects, and the array of arguments that names them. */
  private record Call(long[] memories, Allocation array) {}

  private final OneDnn dnn;
  private final long primitive;
  private final int[] arguments;
  private final long[] matrices;
  private final long scratchpadBytes;
  private final AtomicReferenceArray<Call> calls;

  /**
   * Uses {@code description} up, which takes as much memory as the primitive: some 100 KB. Leaves
   * the matrices to the caller.
   */
  private DnnlPrimitive(
      OneDnn dnn, int slots, long description, int[] arguments, long... matrices) {
    this.dnn = dnn;
    this.primitive = dnn.primitive(description);
    long scratchpad = dnn.scratchpad(description);
    this.scratchpadBytes = scratchpad == 0 ? 0 : dnn.bytes(scratchpad);
    this.arguments = arguments;
    this.matrices = new long[matrices.length];
    for (int i = 0; i < matrices.length; i++) {
      this.matrices[i] = dnn.cloneMatrix(matrices[i]);
    }
    this.calls = new AtomicReferenceArray<>(slots);
    dnn.destroyDescription(description);
  }

  /** C = A B, or C += A B; where B's layout is free, {@link #weights} says what was chosen. */
  static DnnlPrimitive product(OneDnn dnn, int slots, long a, long b, long c, boolean accumulate) {
    long description = dnn.product(a, b, c, accumulate);
    int[] arguments = {SOURCE, WEIGHTS, DESTINATION, SCRATCHPAD};
    return new DnnlPrimitive(
        dnn,
        slots,
        description,
        arguments,
        a,
        dnn.chosenLayout(description),
        c,
        dnn.scratchpad(description));
  }

  static DnnlPrimitive reorder(OneDnn dnn, int slots, long from, long to) {
    int[] arguments = {SOURCE, DESTINATION};
    return new DnnlPrimitive(dnn, slots, dnn.reorder(from, to), arguments, from, to);
  }

  /** The matrix that a product reads its weights as. */
  long weights() {
    return matrices[1];
  }

  /** Runs with its arguments at these addresses; a reorder has no third. */
  void run(DnnlSlot slot, long first, long second, long third) {
    Call call = calls.get(slot.number());
    if (call == null) {
      call = call();
      calls.set(slot.number(), call);
    }
    long[] memories = call.memories;
    OneDnn.useOneThread();
    OneDnn.point(memories[0], first);
    OneDnn.point(memories[1], second);
    if (memories.length > 2) {
      OneDnn.point(memories[2], third);
    }
    if (scratchpadBytes > 0) {
      OneDnn.point(memories[memories.length - 1], slot.scratchpad(scratchpadBytes));
    }
    OneDnn.execute(primitive, slot.stream(), memories.length, call.array.address());
  }

  private Call call() {
    long bytes = (long) ARGUMENT_BYTES * matrices.length;
    Allocation allocation = new Allocation(bytes, "a primitive's arguments");
    MemorySegment array = MemorySegment.ofAddress(allocation.address()).reinterpret(bytes);
    long[] memories = new long[matrices.length];
    for (int i = 0; i < memories.length; i++) {
      memories[i] = dnn.memory(matrices[i]);
      array.set(ValueLayout.JAVA_INT, (long) ARGUMENT_BYTES * i, arguments[i]);
      array.set(ValueLayout.JAVA_LONG, (long) ARGUMENT_BYTES * i + Long.BYTES, memories[i]);
    }
    return new Call(memories, allocation);
  }

  void close() {
    for (int i = 0; i < calls.length(); i++) {
      Call call = calls.get(i);
      if (call != null) {
        for (long memory : call.memories) {
          dnn.destroyMemory(memory);
        }
        call.array.close();
      }
    }
    for (long matrix : matrices) {
      dnn.destroyMatrix(matrix);
    }
    dnn.destroyPrimitive(primitive);
  }
}
