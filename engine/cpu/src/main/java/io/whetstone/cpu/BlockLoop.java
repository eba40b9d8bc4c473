package io.whetstone.cpu;

import io.whetstone.cpu.machine.Address;
import io.whetstone.cpu.machine.Assembler;
import io.whetstone.cpu.machine.Register;
import io.whetstone.tensor.DType;

/**
 * Writes the code that decodes 16 rows of blocks of one type, turned; and stores the numbers, or
 * multiplies them with a single row of x at once, which reads them from registers.
 *
 * <p>A block's bytes are turned as they are ({@link TurnedRows}), which moves a quarter or less of
 * what the numbers would be, and then taken apart in all rows at once. Scales are turned and
 * multiplied in the same way.
 *
 * <p>The bits are {@link BlockRows}': d · scale · q is exact in F32 for every type, so where Q4_K
 * subtracts, a fused difference is rounded as often as theirs, and a q in the upper bits of a lane
 * may be undone by a scale 2ⁿ times as small. What is not 0 is a multiple of 2⁻²⁴, so the
 * instruction that rounds to bfloat16 finds no denormals to flush; only a NaN's own bits may
 * differ.
 */
final class BlockLoop {
  private static final Register COUNT = Register.RDX;
  private static final Register TO = Register.RCX;

  /** In place of {@link #TO} where numbers are multiplied. */
  private static final Register X = TO;

  private static final Register AHEAD = Register.R8;

  /** Turning uses it, so it waits on the stack. */
  private static final Register SUMS = Register.R9;

  /** What turning does not need meanwhile. */
  private static final int EVEN = 4;

  private static final int ODD = 5;
  private static final int SPARE = 6;

  private static final int FACTOR = SPARE;
  private static final int PAIR = 7;

  /** Where quantities are turned to. */
  private static final int TURNED = TurnedRows.VECTORS;

  /** Sixteen outputs', where numbers are multiplied: no type needs what lies here. */
  private static final int SUM = 31;

  /** Kept through the loop; the first four of them have a meaning of a type's own. */
  private static final int OWN = 26;

  private static final int ORDER = 30;

  /** Of a block's scale, or its least. */
  private static final int D = 25;

  private static final int BYTE = 8;

  private final Assembler to = new Assembler();
  private final TurnedRows rows = new TurnedRows(to);
  private final DType type;
  private final boolean pairs;
  private final boolean multiplies;
  private final int aheadBytes;

  /** Of a block: pairs of elements that are stored so far, bytes that are asked for so far. */
  private int put;

  private int fetched;

  /**
   * @param multiplies whether numbers are multiplied, else stored; not for Q6_K, whose numbers come
   *     in another order than sums want
   */
  BlockLoop(DType type, DType compute, boolean multiplies) {
    this.type = type;
    this.pairs = compute == DType.BF16;
    this.multiplies = multiplies;
    this.aheadBytes = type.blockBytes() * BlockTiles.ROWS;
  }

  byte[] code() {
    if (multiplies) {
      to.push(SUMS);
      to.zero(SUM);
    }
    rows.begin();
    if (pairs) {
      int[] order = new int[BlockTiles.ROWS];
      for (int i = 0; i < order.length; i++) {
        order[i] = order.length + i << Short.SIZE | i;
      }
      to.constant(ORDER, order);
    }
    int begin;
    switch (type) {
      case Q8_0 -> {
        eightConstants();
        begin = to.here();
        eight();
      }
      case Q4_K -> {
        fourConstants();
        begin = to.here();
        four();
      }
      case Q6_K -> {
        sixConstants();
        begin = to.here();
        six();
      }
      default -> throw new IllegalArgumentException(type + " holds no quantised weights");
    }
    rows.advance(type.blockBytes());
    to.add(AHEAD, aheadBytes);
    to.add(TO, multiplies ? factor(type.blockElements()) : step(type.blockElements()));
    to.decrementAndJump(COUNT, begin);
    if (multiplies) {
      to.pop(SUMS);
      to.store(Address.at(SUMS), SUM);
    }
    to.finish();
    return to.code();
  }

  /** Where the step of an element lies. */
  private int step(int element) {
    return (int) BlockTiles.STEP * element / (pairs ? 2 : 1);
  }

  /** Where the factor of an element lies. */
  private int factor(int element) {
    return (pairs ? Short.BYTES : Float.BYTES) * element;
  }

  /** Stores or multiplies the element k of all rows, an even one, and the next. */
  private void put(int k) {
    fetchAhead();
    if (pairs) {
      to.roundToWords(PAIR, ODD, EVEN);
      to.arrangeWords(PAIR, ORDER, PAIR);
    }
    if (multiplies) {
      multiply(k);
    } else if (pairs) {
      to.store(Address.at(TO, step(k)), PAIR);
    } else {
      to.store(Address.at(TO, step(k)), EVEN);
      to.store(Address.at(TO, step(k + 1)), ODD);
    }
  }

  /** As {@link PairRows} do it. */
  private void multiply(int k) {
    to.broadcast(FACTOR, Address.at(X, factor(k)));
    if (pairs) {
      to.multiplyAddPairs(SUM, FACTOR, PAIR);
    } else {
      to.multiplyAdd(SUM, FACTOR, EVEN);
      to.broadcast(FACTOR, Address.at(X, factor(k + 1)));
      to.multiplyAdd(SUM, FACTOR, ODD);
    }
  }

  /** Evenly between what is computed: requests that come together wait for one another. */
  private void fetchAhead() {
    put++;
    while (fetched * type.blockElements() < 2 * put * aheadBytes) {
      to.prefetchSecond(Address.at(AHEAD, fetched));
      fetched += Assembler.VECTOR;
    }
  }

  /** The binary16 in the lower half of lanes. */
  private void half(int number, int from) {
    to.toWords(number, from);
    to.halvesToFloats(number, number);
  }

  /** Moves bits of lanes up or, where {@code bits} is negative, down. */
  private void move(int number, int from, int bits) {
    if (bits < 0) {
      to.shiftRight(number, from, -bits);
    } else {
      to.shiftLeft(number, from, bits);
    }
  }

  // Q8_0: a scale, 32 bytes. See Q8Codec.

  private static final int HIGHEST = OWN;
  private static final int SMALL = OWN + 1;

  /** Bring a lane's second or third byte to its top, and zeros below it. */
  private static final int RAISE = OWN + 2;

  private void eightConstants() {
    to.everywhere(HIGHEST, 0xff000000);
    for (int index = 1; index <= 2; index++) {
      int[] order = new int[BlockTiles.ROWS];
      for (int i = 0; i < order.length; i++) {
        order[i] = i % 4 * 4 + index << 24 | 0x808080;
      }
      to.constant(RAISE + index - 1, order);
    }
    to.everywhere(SMALL, Float.floatToRawIntBits(0x1p-24f));
  }

  private void eight() {
    rows.turn(0, TURNED);
    half(D, TURNED);
    to.multiply(D, D, SMALL);
    for (int first = 0; first < type.blockElements(); first += TurnedRows.BYTES) {
      rows.turn(2 + first, TURNED);
      for (int k = 0; k < TurnedRows.BYTES; k += 2) {
        signed(EVEN, TURNED + k / 4, k % 4);
        signed(ODD, TURNED + k / 4, k % 4 + 1);
        put(first + k);
      }
    }
  }

  /** 2²⁴ times a byte, times 2⁻²⁴ times the scale. */
  private void signed(int number, int from, int index) {
    switch (index) {
      case 0 -> to.shiftLeft(number, from, 3 * BYTE);
      case 3 -> to.and(number, from, HIGHEST);
      default -> to.arrangeBytes(number, from, RAISE + index - 1);
    }
    to.toFloats(number, number);
    to.multiply(number, number, D);
  }

  // Q4_K: d, dmin, eight scales and minima of 6 bits in 12 bytes, 128 bytes. See Q4Codec.

  private static final int NUMBERS = OWN + 3;
  private static final int SIX_BITS = OWN;
  private static final int FOUR_BITS = OWN + 1;
  private static final int UPPER_TWO = OWN + 2;
  private static final int D_MIN = 24;

  /** Four scales each, four minima each. */
  private static final int SCALES = 20;

  private static final int MINIMA = 22;

  /** Of the run in the lower halves of bytes; then of that in the upper halves. */
  private static final int SCALE = 16;

  private static final int MINIMUM = 18;

  private void fourConstants() {
    int[] numbers = new int[BlockTiles.ROWS];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Float.floatToRawIntBits(i);
    }
    to.constant(NUMBERS, numbers);
    to.everywhere(SIX_BITS, 0x3f3f3f3f);
    to.everywhere(FOUR_BITS, 0x0f0f0f0f);
    to.everywhere(UPPER_TWO, 0x30303030);
  }

  private void four() {
    rows.turn(0, TURNED);
    fourScales();
    for (int pair = 0; pair < 4; pair++) {
      for (int half = 0; half < 2; half++) {
        int run = 2 * pair + half;
        multiple(SCALE + half, SCALES + run / 4, run % 4, D);
        multiple(MINIMUM + half, MINIMA + run / 4, run % 4, D_MIN);
      }
      rows.turn(16 + 32 * pair, TURNED);
      rows.turn(32 + 32 * pair, TURNED + 4);
      for (int half = 0; half < 2; half++) {
        for (int i = 0; i < 32; i += 2) {
          nibble(EVEN, TURNED + i / 4, BYTE * (i % 4) + 4 * half, half);
          nibble(ODD, TURNED + i / 4, BYTE * (i % 4 + 1) + 4 * half, half);
          put(64 * pair + 32 * half + i);
        }
      }
    }
  }

  private void fourScales() {
    int first = TURNED + 1;
    int second = TURNED + 2;
    int third = TURNED + 3;
    half(D, TURNED);
    to.shiftRight(D_MIN, TURNED, Short.SIZE);
    half(D_MIN, D_MIN);
    to.and(SCALES, first, SIX_BITS);
    to.and(MINIMA, second, SIX_BITS);
    to.and(SCALES + 1, third, FOUR_BITS);
    to.shiftRight(MINIMA + 1, third, 4);
    to.and(MINIMA + 1, MINIMA + 1, FOUR_BITS);
    for (int low = 0; low < 2; low++) {
      to.shiftRight(SPARE, first + low, 2);
      to.and(SPARE, SPARE, UPPER_TWO);
      to.or((low == 0 ? SCALES : MINIMA) + 1, (low == 0 ? SCALES : MINIMA) + 1, SPARE);
    }
  }

  /** d times a byte. */
  private void multiple(int number, int from, int index, int d) {
    to.shiftLeft(number, from, BYTE * (3 - index));
    to.shiftRight(number, number, 3 * BYTE);
    to.toFloats(number, number);
    to.multiply(number, number, d);
  }

  private void nibble(int number, int from, int bit, int half) {
    to.shiftRight(number, from, bit);
    to.arrange(number, number, NUMBERS);
    to.multiplyLess(number, SCALE + half, MINIMUM + half);
  }

  // Q6_K: 128 bytes of lower bits, 64 of upper ones, 16 scales, d. See Q6Codec.

  private static final int LOW_BITS = OWN;
  private static final int SIGN = OWN + 1;
  private static final int USED_BITS = OWN + 2;
  private static final int D_SMALL = OWN + 3;

  /** The lower bits of two lanes; the upper ones of all four. */
  private static final int SECOND = 12;

  private static final int UPPER = 16;
  private static final int RUN_SCALE = 24;

  /** a where b, else what is third; a and b, but not what is third. */
  private static final int CHOOSE = 0xe2;

  private static final int KEEP_AND_FLIP = 0x6a;

  private void sixConstants() {
    to.everywhere(LOW_BITS, 0x3c000000);
    to.everywhere(SIGN, 0x80000000);
    to.everywhere(USED_BITS, 0xfc000000);
    to.everywhere(D_SMALL, Float.floatToRawIntBits(0x1p-26f));
  }

  private void six() {
    rows.turn(192, SCALES);
    rows.turn(type.blockBytes() - TurnedRows.BYTES, TURNED);
    to.shiftRight(D, TURNED + 3, Short.SIZE);
    half(D, D);
    to.multiply(D, D, D_SMALL);
    for (int part = 0; part < 2; part++) {
      for (int half = 0; half < 2; half++) {
        int first = TurnedRows.BYTES * half;
        rows.turn(64 * part + first, TURNED);
        rows.turn(64 * part + 32 + first, SECOND);
        rows.turn(128 + 32 * part + first, UPPER);
        for (int lane = 0; lane < 4; lane++) {
          runScale(8 * part + 2 * lane + half);
          for (int i = 0; i < TurnedRows.BYTES; i += 2) {
            sixth(EVEN, i, lane);
            sixth(ODD, i + 1, lane);
            put(128 * part + 32 * lane + first + i);
          }
        }
      }
    }
  }

  private void runScale(int run) {
    to.shiftLeft(RUN_SCALE, SCALES + run / 4, BYTE * (3 - run % 4));
    to.shiftSigned(RUN_SCALE, RUN_SCALE, 3 * BYTE);
    to.toFloats(RUN_SCALE, RUN_SCALE);
    to.multiply(RUN_SCALE, RUN_SCALE, D);
  }

  /** 2²⁶ times q − 32, whose six bits are a lane's highest, times 2⁻²⁶ times the scale. */
  private void sixth(int number, int i, int lane) {
    int at = BYTE * (i % 4);
    int lower = (lane % 2 == 0 ? TURNED : SECOND) + i / 4;
    move(number, lower, 26 - at - lane / 2 * 4);
    move(SPARE, UPPER + i / 4, 30 - at - 2 * lane);
    to.combine(number, LOW_BITS, SPARE, CHOOSE);
    to.combine(number, USED_BITS, SIGN, KEEP_AND_FLIP);
    to.toFloats(number, number);
    to.multiply(number, number, RUN_SCALE);
  }
}
