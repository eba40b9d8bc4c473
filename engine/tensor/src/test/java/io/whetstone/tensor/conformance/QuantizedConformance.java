package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Capability;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.tensor.quantized.BlockCodec;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Weights that stay quantised: frozen linears and embeddings. */
interface QuantizedConformance extends Conformance {
  List<DType> TYPES = List.of(DType.Q8_0, DType.Q4_K, DType.Q6_K);

  int[] ROW_NUMBERS = {0, 1, 2, 3, 5, 8, 9, 17, 33, 70};

  /** {in, out}: the last ones are several panels of decoded rows, and several parts. */
  int[][] QUANTIZED_SHAPES = {{256, 1}, {256, 22}, {512, 70}, {768, 130}, {1280, 33}, {256, 4200}};

  private void needsQuantized() {
    boolean there = rig().backend().capabilities().contains(Capability.QUANTIZED);
    if (!there) {
      System.out.println("NOT RUN: quantised weights: " + rig().backend().name() + " has none");
    }
    assumeTrue(there, "the backend does not declare QUANTIZED");
  }

  /** Numbers become the blocks of the codec, blocks its numbers. */
  @Test
  default void blocksAreThoseOfTheCodec() {
    needsQuantized();
    for (DType type : TYPES) {
      Backend backend = rig().backend();
      try (Workspace memory = backend.workspace("quantised")) {
        float[] numbers = Numbers.floats(Numbers.normal(1, 3 * 512, 0.05));
        Tensor written = memory.tensor(type, 3, 512);
        backend.write(written, numbers);
        byte[] blocks = new byte[(int) type.bytes(numbers.length)];
        BlockCodec.of(type).encodeAll(numbers, MemorySegment.ofArray(blocks), 0);
        float[] decoded = new float[numbers.length];
        BlockCodec.of(type).decodeAll(MemorySegment.ofArray(blocks), 0, decoded);
        assertArrayEquals(decoded, backend.readFloats(written), type + ": written numbers");
        Tensor copied = memory.tensor(type, 3, 512);
        backend.write(copied, MemorySegment.ofArray(blocks));
        assertArrayEquals(decoded, backend.readFloats(copied), type + ": written blocks");
        assertArrayEquals(
            Arrays.copyOfRange(decoded, 512, 1024),
            backend.readFloats(copied.rows(1, 2)),
            type + ": a row");
        Tensor embedded = rig().output(4, 512);
        backend.embedding(new int[] {2, 0, 2, 1}, copied, embedded);
        float[] rows = rig().get(embedded);
        assertArrayEquals(
            Arrays.copyOfRange(decoded, 1024, 1536), Arrays.copyOf(rows, 512), type + ": a row");
        assertArrayEquals(
            Arrays.copyOfRange(decoded, 512, 1024),
            Arrays.copyOfRange(rows, 1536, 2048),
            type + ": the last row");
      }
    }
  }

  @Test
  default void quantizedProducts() {
    needsQuantized();
    for (DType type : TYPES) {
      for (DType dtype : computeTypes()) {
        for (int[] shape : QUANTIZED_SHAPES) {
          int in = shape[0];
          int out = shape[1];
          try (Workspace memory = rig().backend().workspace("quantised")) {
            Tensor weight = quantized(rig().backend(), memory, type, out, in);
            double[] w = Numbers.as(dtype, Numbers.doubles(rig().get(weight)));
            try (Linear linear = rig().backend().linear(weight, dtype)) {
              assertEquals(List.of(in, out), List.of(linear.in(), linear.out()));
              int rows = out > 4000 ? 3 : 9;
              double[] x = Numbers.as(dtype, Numbers.normal(2, rows * in, 1));
              double[] dy = Numbers.as(dtype, Numbers.normal(3, rows * out, 1));
              String what = type + " in " + dtype + " [" + out + " × " + in + "]";

              Tensor y = rig().output(dtype, rows, out);
              rig().backend().linearForward(linear, rig().input(dtype, x, rows, in), y, false);
              ReferenceLinear.forward(x, w, new double[rows * out], rows, in, out)
                  .check(what, rig().get(y), dtype);

              double[] before = Numbers.normal(4, rows * in, 1);
              Tensor gradient = rig().input(dtype, dy, rows, out);
              Tensor sum = rig().inOut(before, rows, in);
              rig().backend().linearBackwardInput(linear, gradient, sum, true);
              ReferenceLinear.backwardInput(dy, w, before, rows, in, out)
                  .check(what + ", backward", rig().get(sum));
              Tensor own = rig().output(dtype, rows, in);
              rig().backend().linearBackwardInput(linear, gradient, own, false);
              ReferenceLinear.backwardInput(dy, w, new double[rows * in], rows, in, out)
                  .check(what + ", backward", rig().get(own), dtype);
              rig().finish();
            }
          }
        }
      }
    }
  }

  /** A product has the bits of the decoded weight's, whatever the number of rows and threads. */
  @Test
  default void quantizedProductsAreExact() {
    needsQuantized();
    needsExact();
    for (DType type : TYPES) {
      for (DType dtype : computeTypes()) {
        for (int[] shape : QUANTIZED_SHAPES) {
          String what = type + " in " + dtype + " " + Arrays.toString(shape);
          sameForAnyThreads(what, rig -> exact(what, rig, type, dtype, shape[0], shape[1]));
        }
      }
    }
  }

  private static float[] exact(String what, Rig rig, DType type, DType dtype, int in, int out) {
    Backend backend = rig.backend();
    int most = ROW_NUMBERS[ROW_NUMBERS.length - 1];
    try (Workspace memory = backend.workspace("quantised")) {
      Tensor weight = quantized(backend, memory, type, out, in);
      Tensor decoded = memory.tensor(DType.F32, out, in);
      backend.write(decoded, backend.readFloats(weight));
      double[] x = Numbers.normal(2, most * in, 1);
      double[] dy = Numbers.normal(3, most * out, 1);
      float[] all = null;
      float[] gradients = null;
      try (Linear linear = backend.linear(weight, dtype);
          Linear plain = backend.linear(decoded, dtype)) {
        for (int i = ROW_NUMBERS.length - 1; i >= 0; i--) {
          int rows = ROW_NUMBERS[i];
          Tensor xs = rig.input(dtype, Arrays.copyOf(x, rows * in), rows, in);
          Tensor y = rig.output(dtype, rows, out);
          backend.linearForward(linear, xs, y, false);
          Tensor dx = rig.output(rows, in);
          Tensor dys = rig.input(dtype, Arrays.copyOf(dy, rows * out), rows, out);
          backend.linearBackwardInput(linear, dys, dx, false);
          if (all == null) {
            all = rig.get(y);
            gradients = rig.get(dx);
            Tensor same = rig.output(dtype, rows, out);
            backend.linearForward(plain, xs, same, false);
            assertArrayEquals(rig.get(same), all, what + ": bits of the decoded weight's");
          }
          String these = what + ", " + rows + " rows";
          assertArrayEquals(Arrays.copyOf(all, rows * out), rig.get(y), these);
          assertArrayEquals(Arrays.copyOf(gradients, rows * in), rig.get(dx), these + ", backward");
          rig.finish();
        }
      }
      float[] both = Arrays.copyOf(all, all.length + gradients.length);
      System.arraycopy(gradients, 0, both, all.length, gradients.length);
      return both;
    }
  }

  @Test
  default void rowsAreWholeBlocks() {
    needsQuantized();
    try (Workspace memory = rig().backend().workspace("quantised")) {
      assertThrows(IllegalArgumentException.class, () -> memory.tensor(DType.Q4_K, 2, 128));
      assertThrows(IllegalArgumentException.class, () -> memory.tensor(DType.Q8_0, 2, 33));
    }
  }

  private static Tensor quantized(Backend backend, Workspace memory, DType type, int out, int in) {
    Tensor weight = memory.tensor(type, out, in);
    backend.write(weight, Numbers.floats(Numbers.normal(1, out * in, 0.3)));
    return weight;
  }
}
