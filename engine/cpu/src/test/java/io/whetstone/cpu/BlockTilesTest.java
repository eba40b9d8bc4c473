package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.quantized.BlockCodec;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whatever bytes blocks are of, decoding gives the codec's bits, or a NaN where that does. */
class BlockTilesTest {
  private static final int BLOCKS = 5;

  /** Rows do not lie close to each other, and what is beside a tile stays. */
  private static final int BESIDE = 6;

  /** Binary16: 1, −1, the least, the largest denormal, the largest, −0, infinity, NaN. */
  private static final int[] SCALES = {
    0x3c00, 0xbc00, 0x0001, 0x03ff, 0x7bff, 0x8000, 0x7c00, 0x7e01
  };

  @ParameterizedTest
  @EnumSource(names = {"Q8_0", "Q6_K", "Q4_K"})
  void machineCodeHasTheCodecsBits(DType type) {
    Optional<BlockCode> code = BlockCode.forThisMachine();
    if (code.isEmpty()) {
      System.out.println("NOT RUN: blocks decoded in machine code: no AVX-512 with bfloat16");
      return;
    }
    check(code.get(), type);
  }

  @ParameterizedTest
  @EnumSource(names = {"Q8_0", "Q6_K", "Q4_K"})
  void vectorsHaveTheCodecsBits(DType type) {
    check(new BlockVectors(), type);
  }

  private static void check(BlockTiles tiles, DType type) {
    int count = BLOCKS * type.blockElements();
    long row = type.bytes(count) + BESIDE;
    long tile = BlockTiles.STEP * count;
    try (Allocation blocks = new Allocation(row * BlockTiles.ROWS, "test");
        Allocation to = new Allocation(tile, "test")) {
      random(type, blocks.address(), row);
      for (DType compute : new DType[] {DType.F32, DType.BF16}) {
        for (long at = 0; at < tile; at += 4) {
          Memory.set(to.address() + at, 7);
        }
        tiles.decode(type, compute, blocks.address(), row, count, to.address() + 64, 0);
        int numbers = 0;
        for (int r = 0; r < BlockTiles.ROWS; r++) {
          float[] expected = new float[count];
          BlockCodec.of(type).decodeAll(Memory.ALL, blocks.address() + row * r, expected);
          for (int i = 0; i < count; i++) {
            int elements = BlockTiles.elements(compute);
            long at = to.address() + 64 + BlockTiles.STEP * (i / elements) + 4L * r;
            String what = type + " in " + compute + ", row " + r + ", element " + i;
            same(what, compute, expected[i], at + 2L * (i % elements));
            numbers += Float.isFinite(expected[i]) ? 1 : 0;
          }
        }
        assertTrue(numbers > count, "most are numbers");
        for (long at = 0; at < tile; at += BlockTiles.STEP) {
          assertEquals(7, Memory.get(to.address() + at + 60), "before the tile");
          assertEquals(7, Memory.get(to.address() + at + 128), "behind the tile");
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"Q8_0", "Q4_K"})
  void aRowIsMultipliedWithWhatIsDecoded(DType type) {
    Optional<BlockCode> code = BlockCode.forThisMachine();
    if (code.isEmpty()) {
      System.out.println("NOT RUN: blocks multiplied in machine code: no AVX-512 with bfloat16");
      return;
    }
    int count = BLOCKS * type.blockElements();
    long row = type.bytes(count) + BESIDE;
    try (Allocation memory =
        new Allocation(
            row * BlockTiles.ROWS + (BlockTiles.STEP + 8L) * count + 64 + 1024, "test")) {
      long blocks = memory.address();
      random(type, blocks, row);
      long tile = (blocks + row * BlockTiles.ROWS + 63) & -64;
      long x = tile + BlockTiles.STEP * count;
      long rounded = x + 4L * count;
      long expected = rounded + 4L * count;
      long got = expected + BlockTiles.STEP;
      Random random = new Random(2);
      for (int i = 0; i < count; i++) {
        short factor = Elementwise.toBfloat16((float) random.nextGaussian());
        Memory.set(x + 4L * i, Elementwise.fromBfloat16(factor));
        Memory.setShort(rounded + 2L * i, factor);
      }
      for (DType compute : new DType[] {DType.F32, DType.BF16}) {
        boolean pairs = compute == DType.BF16;
        PairRows rows = pairs ? new PairKernel() : new FloatRows(FloatTiles.forThisMachine());
        Memory.zero(tile, BlockTiles.STEP * count);
        code.get().decode(type, compute, blocks, row, count, tile, 0);
        int steps = count / BlockTiles.elements(compute);
        rows.part(1, x, 0, tile, steps, expected, true, false);
        code.get().multiply(type, compute, blocks, row, count, pairs ? rounded : x, got, 0);
        int numbers = 0;
        for (int r = 0; r < BlockTiles.ROWS; r++) {
          float sum = Memory.get(expected + 4L * r);
          String what = type + " in " + compute + ", row " + r;
          assertEquals(
              Float.floatToIntBits(sum), Float.floatToIntBits(Memory.get(got + 4L * r)), what);
          numbers += Float.isFinite(sum) && sum != 0 ? 1 : 0;
        }
        assertTrue(numbers > 0, "some sums are numbers");
      }
    }
  }

  private static void same(String what, DType compute, float expected, long at) {
    if (compute == DType.F32) {
      assertEquals(Float.floatToIntBits(expected), Float.floatToIntBits(Memory.get(at)), what);
    } else {
      float rounded = Elementwise.fromBfloat16(Elementwise.toBfloat16(expected));
      float got = Elementwise.fromBfloat16(Memory.getShort(at));
      assertEquals(Float.floatToIntBits(rounded), Float.floatToIntBits(got), what);
    }
  }

  /** Any bytes, but scales that are seldom not finite. */
  private static void random(DType type, long address, long row) {
    Random random = new Random(1);
    for (int r = 0; r < BlockTiles.ROWS; r++) {
      for (int b = 0; b < BLOCKS; b++) {
        long block = address + row * r + (long) type.blockBytes() * b;
        for (int i = 0; i < type.blockBytes(); i += 2) {
          Memory.setShort(block + i, (short) random.nextInt());
        }
        long scale = type == DType.Q6_K ? block + type.blockBytes() - 2 : block;
        Memory.setShort(scale, scale(random));
        if (type == DType.Q4_K) {
          Memory.setShort(block + 2, scale(random));
        }
      }
    }
  }

  private static short scale(Random random) {
    boolean special = random.nextInt(4) == 0;
    return special
        ? (short) SCALES[random.nextInt(SCALES.length)]
        : Float.floatToFloat16((float) random.nextGaussian());
  }
}
