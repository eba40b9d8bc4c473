package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * A backend under test, with memory for its tensors.
 *
 * <p>Every tensor lies between two guards that no kernel may touch, right against them, so that a
 * vector written past the end is noticed. Every other tensor starts off a 64-byte boundary, as a
 * view of some rows may.
 */
final class Rig implements AutoCloseable {
  /** A number that BF16 holds. */
  private static final float GUARD = 12352;

  private static final int GUARDS = 16;

  private final Backend backend;
  private final Workspace workspace;
  private final List<Tensor> guarded = new ArrayList<>();
  private final Map<Tensor, float[]> inputs = new IdentityHashMap<>();

  Rig(Backend backend) {
    this.backend = backend;
    this.workspace = backend.workspace("conformance");
  }

  Backend backend() {
    return backend;
  }

  /** A tensor of these numbers that no kernel may change. */
  Tensor input(double[] values, int... extents) {
    return input(DType.F32, values, extents);
  }

  /** As {@link #input(double[], int...)}; numbers that the type does not hold are rounded. */
  Tensor input(DType dtype, double[] values, int... extents) {
    return keep(inOut(dtype, values, extents));
  }

  /** No kernel may change this tensor from here on, say because it is a backward's input now. */
  Tensor keep(Tensor tensor) {
    inputs.put(tensor, get(tensor));
    return tensor;
  }

  /** A tensor of these numbers for a kernel to change. */
  Tensor inOut(double[] values, int... extents) {
    return inOut(DType.F32, values, extents);
  }

  /** As {@link #inOut(double[], int...)}; numbers that the type does not hold are rounded. */
  Tensor inOut(DType dtype, double[] values, int... extents) {
    Tensor tensor = guarded(dtype, extents);
    backend.write(tensor, Numbers.floats(values));
    return tensor;
  }

  /** A tensor full of NaN: an element that a kernel forgets to write, or reads, shows. */
  Tensor output(int... extents) {
    return output(DType.F32, extents);
  }

  /** As {@link #output(int...)}, of a type. */
  Tensor output(DType dtype, int... extents) {
    Tensor tensor = guarded(dtype, extents);
    backend.fill(tensor, Float.NaN);
    return tensor;
  }

  /** A tensor of a type that cannot be guarded or filled. */
  Tensor integers(int... extents) {
    return workspace.tensor(DType.I32, extents);
  }

  float[] get(Tensor tensor) {
    return backend.readFloats(tensor);
  }

  /** Fails when a guard or an input was written to; then takes all tensors back. */
  void finish() {
    inputs.forEach(
        (tensor, values) ->
            assertArrayEquals(values, backend.readFloats(tensor), "a kernel changed its input"));
    inputs.clear();
    for (Tensor parent : guarded) {
      float[] all = backend.readFloats(parent);
      for (int i = 0; i < GUARDS; i++) {
        assertEquals(GUARD, all[i], "a kernel wrote before the start of a tensor");
        assertEquals(GUARD, all[all.length - 1 - i], "a kernel wrote past the end of a tensor");
      }
    }
    guarded.clear();
    workspace.reset();
  }

  private Tensor guarded(DType dtype, int... extents) {
    int size = Math.toIntExact(Shape.of(extents).size());
    int before = guarded.size() % 2 == 0 ? GUARDS : GUARDS + 3;
    Tensor parent = workspace.tensor(dtype, before + size + GUARDS, 1);
    backend.fill(parent, GUARD);
    guarded.add(parent);
    return parent.rows(before, before + size).reshape(extents);
  }

  @Override
  public String toString() {
    return backend.name() + " with " + backend.threads() + " threads";
  }

  @Override
  public void close() {
    workspace.close();
    backend.close();
  }
}
