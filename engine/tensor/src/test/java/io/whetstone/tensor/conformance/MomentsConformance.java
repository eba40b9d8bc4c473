package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.AdamWStep;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.tensor.quantized.BlockCodec;
import io.whetstone.tensor.quantized.DynamicMap;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** AdamW with its moments in blocks of 8-bit codes. */
interface MomentsConformance extends Conformance {
  int BLOCK = 256;

  int[] MOMENT_SIZES = {0, 1, 7, 255, 256, 257, 511, 1000, 3 * 256};

  /** A weight and its moments, which lie between two blocks that no kernel may touch. */
  final class State implements AutoCloseable {
    private static final float GUARD = 12352;

    final Rig rig;
    final Tensor weight;
    final Tensor m;
    final Tensor v;
    private final Workspace memory;
    private final Tensor[] guarded;

    State(Rig rig, double[] numbers) {
      this.rig = rig;
      weight = rig.inOut(numbers, numbers.length);
      memory = rig.backend().workspace("moments");
      guarded = new Tensor[] {guarded(DType.DYNAMIC), guarded(DType.UDYNAMIC)};
      m = guarded[0].rows(1, guarded[0].rows() - 1);
      v = guarded[1].rows(1, guarded[1].rows() - 1);
    }

    private Tensor guarded(DType type) {
      int blocks = Math.ceilDiv((int) weight.size(), BLOCK);
      Tensor all = memory.zeros(type, blocks + 2, BLOCK);
      float[] guard = new float[BLOCK];
      Arrays.fill(guard, GUARD);
      rig.backend().write(all.rows(0, 1), guard);
      rig.backend().write(all.rows(blocks + 1, blocks + 2), guard);
      return all;
    }

    void step(double[] gradient, AdamWStep step) {
      Tensor g = rig.input(gradient, gradient.length);
      rig.backend().adamW(weight, g, m, v, step);
    }

    /** The numbers of a moment that belong to the weight; those after them are zero. */
    double[] numbers(Tensor moment) {
      float[] all = rig.get(moment);
      int size = (int) weight.size();
      for (int i = size; i < all.length; i++) {
        assertTrue(all[i] == 0, "after the last number");
      }
      return Numbers.doubles(Arrays.copyOf(all, size));
    }

    byte[] blocks(Tensor moment) {
      byte[] blocks = new byte[(int) moment.memory().byteSize()];
      rig.backend().read(moment, MemorySegment.ofArray(blocks));
      return blocks;
    }

    @Override
    public void close() {
      for (Tensor all : guarded) {
        float[] numbers = rig.get(all);
        for (int i = 0; i < BLOCK; i++) {
          assertEquals(GUARD, numbers[i], "a block before the first");
          assertEquals(GUARD, numbers[numbers.length - 1 - i], "a block after the last");
        }
      }
      memory.close();
    }
  }

  /** Each step from what the backend holds, whose rounding would else add up. */
  @Test
  default void tenStepsOfAdamWInBlocks() {
    for (int size : MOMENT_SIZES) {
      try (State state = new State(rig(), Numbers.normal(1, size, 0.1))) {
        for (int step = 1; step <= 10; step++) {
          double[] weight = Numbers.doubles(rig().get(state.weight));
          ReferenceAdamW reference =
              new ReferenceAdamW(weight, state.numbers(state.m), state.numbers(state.v));
          double[] gradient = OptimizerConformance.gradient(step, size);
          AdamWStep settings = OptimizerConformance.settings(step);
          reference.step(gradient, settings);
          state.step(gradient, settings);
          String what = size + " numbers, step " + step;
          reference.weight().check(what + ": weight", rig().get(state.weight));
          nearest(what + ": m", DynamicMap.SIGNED, reference.m(), state.numbers(state.m));
          nearest(what + ": v", DynamicMap.UNSIGNED, reference.v(), state.numbers(state.v));
        }
      }
    }
  }

  /** No value of the map is nearer than the one that was taken, within rounding. */
  private static void nearest(String what, DynamicMap map, Expected expected, double[] actual) {
    for (int first = 0; first < actual.length; first += BLOCK) {
      int last = Math.min(actual.length, first + BLOCK);
      double scale =
          IntStream.range(first, last)
              .mapToDouble(i -> Math.abs(expected.value(i)))
              .max()
              .orElseThrow();
      for (int i = first; i < last; i++) {
        double x = expected.value(i);
        int least = map == DynamicMap.UNSIGNED && x > 0 ? 1 : 0;
        double best = Double.POSITIVE_INFINITY;
        for (int code = least; code < 256; code++) {
          best = Math.min(best, Math.abs(map.value(code) * scale - x));
        }
        double allowed = best + Expected.TOLERANCE * (expected.magnitude(i) + Math.abs(x));
        double distance = Math.abs(actual[i] - x);
        String message = what + " " + i + " is " + actual[i] + ", expected about " + x;
        assertTrue(distance <= allowed + 1e-5 * Math.abs(actual[i]) + 1e-30, message);
      }
    }
  }

  /** To the bit: decoded by the codec, a step on F32 moments, encoded by the codec. */
  @Test
  default void aStepInBlocksIsAStepBetweenDecodingAndEncoding() {
    needsExact();
    int size = 5 * BLOCK + 77;
    Backend backend = rig().backend();
    try (State state = new State(rig(), Numbers.normal(2, size, 0.1))) {
      for (int step = 1; step <= 4; step++) {
        double[] gradient = OptimizerConformance.gradient(step, size);
        AdamWStep settings = OptimizerConformance.settings(step);
        Tensor weight = rig().inOut(Numbers.doubles(rig().get(state.weight)), size);
        Tensor m = rig().inOut(state.numbers(state.m), size);
        Tensor v = rig().inOut(state.numbers(state.v), size);
        backend.adamW(weight, rig().input(gradient, size), m, v, settings);
        state.step(gradient, settings);
        assertArrayEquals(rig().get(weight), rig().get(state.weight), "weight, step " + step);
        assertArrayEquals(encoded(state.m, rig().get(m)), state.blocks(state.m), "m " + step);
        assertArrayEquals(encoded(state.v, rig().get(v)), state.blocks(state.v), "v " + step);
      }
    }
  }

  private static byte[] encoded(Tensor like, float[] numbers) {
    byte[] blocks = new byte[(int) like.memory().byteSize()];
    float[] padded = Arrays.copyOf(numbers, (int) like.size());
    BlockCodec.of(like.dtype()).encodeAll(padded, MemorySegment.ofArray(blocks), 0);
    return blocks;
  }

  @Test
  default void adamWInBlocksIsTheSameForAnyThreads() {
    needsExact();
    int size = 70_001;
    double[] weight = Numbers.normal(3, size, 1);
    for (int result = 0; result < 3; result++) {
      int picked = result;
      sameForAnyThreads(
          "adamW in blocks",
          rig -> {
            try (State state = new State(rig, weight)) {
              for (int step = 1; step <= 2; step++) {
                state.step(
                    OptimizerConformance.gradient(step, size), OptimizerConformance.settings(step));
              }
              return rig.get(picked == 0 ? state.weight : picked == 1 ? state.m : state.v);
            }
          });
    }
  }

  /**
   * An element whose squares are lost beside its neighbour's, while its mean is not, must not be
   * stepped by the mean over epsilon.
   */
  @Test
  default void noSquareBesideAMeanBecomesZero() {
    double[] weight = new double[BLOCK];
    double[] gradient = new double[BLOCK];
    gradient[0] = 1;
    gradient[1] = 2e-4;
    AdamWStep first = new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0, 1, 1);
    AdamWStep second = new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0, 2, 1);
    try (State state = new State(rig(), weight)) {
      state.step(gradient, first);
      assertTrue(state.numbers(state.m)[1] > 0 && state.numbers(state.v)[1] > 0);
      assertEquals(0, state.numbers(state.v)[2]);
      state.step(new double[BLOCK], second);
      float[] after = rig().get(state.weight);
      assertTrue(Math.abs(after[1]) < 3e-3, "stepped by " + after[1]);
      assertEquals(0, after[2]);
    }
  }

  /** Blocks read are blocks written, and numbers written are those that the codec makes of them. */
  @Test
  default void blocksOfMomentsAreRead() {
    Backend backend = rig().backend();
    try (Workspace memory = backend.workspace("moments")) {
      for (DType type : new DType[] {DType.DYNAMIC, DType.UDYNAMIC}) {
        float[] numbers = Numbers.floats(Numbers.normal(4, 5 * BLOCK, 0.05));
        for (int i = 0; type == DType.UDYNAMIC && i < numbers.length; i++) {
          numbers[i] *= numbers[i];
        }
        Tensor written = memory.tensor(type, 5, BLOCK);
        backend.write(written, numbers);
        byte[] blocks = new byte[(int) written.memory().byteSize()];
        backend.read(written, MemorySegment.ofArray(blocks));
        assertArrayEquals(encoded(written, numbers), blocks, type + ": encoded");
        int nan = 0x7fa00001; // a signalling one, as codes may look
        ByteBuffer.wrap(blocks).order(ByteOrder.LITTLE_ENDIAN).putInt(type.blockBytes() + 8, nan);
        Tensor other = memory.zeros(type, 5, BLOCK);
        backend.write(other, MemorySegment.ofArray(blocks));
        byte[] row = new byte[type.blockBytes()];
        backend.read(other.rows(1, 2), MemorySegment.ofArray(row));
        assertArrayEquals(
            Arrays.copyOfRange(blocks, row.length, 2 * row.length), row, type + ": a row");
        float[] decoded = new float[BLOCK];
        BlockCodec.of(type).decodeAll(MemorySegment.ofArray(row), 0, decoded);
        assertArrayEquals(decoded, rig().get(other.rows(1, 2)), type + ": decoded");
        Tensor copy = memory.tensor(type, 5, BLOCK);
        backend.copy(other, copy);
        byte[] copied = new byte[blocks.length];
        backend.read(copy, MemorySegment.ofArray(copied));
        assertArrayEquals(blocks, copied, type + ": copied");
      }
    }
  }

  @Test
  default void wrongMomentsAreRefused() {
    Backend backend = rig().backend();
    Tensor weight = rig().inOut(new double[300], 300);
    Tensor gradient = rig().inOut(new double[300], 300);
    try (Workspace memory = backend.workspace("moments")) {
      Tensor m = memory.zeros(DType.DYNAMIC, 2, BLOCK);
      Tensor v = memory.zeros(DType.UDYNAMIC, 2, BLOCK);
      Tensor wide = memory.zeros(DType.F32, 300);
      refused("m: expected", () -> step(backend, weight, gradient, m.rows(0, 1), v));
      refused("v: expected", () -> step(backend, weight, gradient, m, v.rows(0, 1)));
      refused("m: expected", () -> step(backend, weight, gradient, v, v));
      refused("v: expected", () -> step(backend, weight, gradient, m, m));
      refused("v: expected", () -> step(backend, weight, gradient, m, wide));
      refused("v: expected", () -> step(backend, weight, gradient, wide, v));
      refused("weight: expected", () -> step(backend, m, gradient, m, v));
      refused("weight: expected", () -> backend.linear(m, DType.F32));
      refused("table: expected", () -> backend.embedding(new int[1], m, wide));
      refused("x: expected", () -> backend.fill(m, 0));
      refused("x: expected", () -> backend.sumOfSquares(m));
      refused("from: expected", () -> backend.read(m, MemorySegment.ofArray(new byte[519])));
      refused("from: expected", () -> backend.read(wide, MemorySegment.ofArray(new byte[1200])));
      refused("to: expected", () -> backend.write(m, MemorySegment.ofArray(new byte[519])));
      step(backend, weight, gradient, m, v);
    }
  }

  private static void step(Backend backend, Tensor weight, Tensor gradient, Tensor m, Tensor v) {
    backend.adamW(weight, gradient, m, v, new AdamWStep(0.1, 0.9, 0.9, 1e-8, 0, 1, 1));
  }

  private static void refused(String start, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run, start).getMessage();
    assertTrue(message.startsWith(start), message);
  }
}
