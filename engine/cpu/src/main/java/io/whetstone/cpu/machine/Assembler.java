package io.whetstone.cpu.machine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes the few x86-64 instructions that kernels of products need, with vectors of 512 bits.
 *
 * <p>Java's compiler has no prefetch instruction and keeps fewer sums in registers than there are;
 * these loops decide how fast a CPU decodes and trains, so they are written instruction by
 * instruction. Encodings: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2,
 * sections 2.2 (REX) and 2.7 (EVEX). Vector registers are numbered 0 to 31.
 */
public final class Assembler {
  /** Bytes of a vector. */
  public static final int VECTOR = 64;

  private static final int FLOAT = 4;
  private static final int QUARTER = VECTOR / 4;
  private static final int MAP_0F = 1;
  private static final int MAP_0F38 = 2;
  private static final int MAP_0F3A = 3;
  private static final int NO_PREFIX = 0;
  private static final int PREFIX_66 = 1;
  private static final int PREFIX_F3 = 2;
  private static final int PREFIX_F2 = 3;

  /** Beside a prefix: lanes are words, not bytes. */
  private static final int WIDE = 1 << 7;

  private static final int NO_MASK = 0;
  private static final int ZEROING = 1 << 7;
  private static final int LESS = 1;
  private static final int UNORDERED = 3;

  /** How an address says that it counts from the instruction. */
  private static final int RELATIVE = 5;

  /** How EVEX says that an instruction is of 128 and of 512 bits. */
  private static final int SHORT = 0;

  private static final int LONG = 2;

  /**
   * A vector that lies behind the instructions.
   *
   * @param at where the instruction that reads it ends
   */
  private record Constant(int at, int[] lanes) {}

  private byte[] code = new byte[1 << 12];
  private int size;
  private final List<Constant> constants = new ArrayList<>();

  /** The instructions so far, and the constants they read. */
  public byte[] code() {
    int begin = constants.isEmpty() ? size : (size + VECTOR - 1) & -VECTOR;
    ByteBuffer whole =
        ByteBuffer.wrap(Arrays.copyOf(code, begin + VECTOR * constants.size()))
            .order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < constants.size(); i++) {
      Constant constant = constants.get(i);
      int place = begin + VECTOR * i;
      whole.putInt(constant.at - Integer.BYTES, place - constant.at);
      whole.position(place).asIntBuffer().put(constant.lanes);
    }
    return whole.array();
  }

  /** Where the next instruction begins; for {@link #decrementAndJump}. */
  public int here() {
    return size;
  }

  /** to = the vector at {@code from}. */
  public void load(int to, Address from) {
    vector(MAP_0F, NO_PREFIX, 0x10, to, 0, from, VECTOR);
  }

  /** to = 16 numbers. */
  public void constant(int to, int... lanes) {
    evex(MAP_0F, NO_PREFIX, to, 0, 0, 0, NO_MASK, LONG);
    put(0x10);
    put((to & 7) << 3 | RELATIVE);
    word(0);
    constants.add(new Constant(here(), lanes));
  }

  /** to = a number in every lane of 32 bits. */
  public void everywhere(int to, int number) {
    int[] lanes = new int[VECTOR / Integer.BYTES];
    Arrays.fill(lanes, number);
    constant(to, lanes);
  }

  /** The vector at {@code to} = from. */
  public void store(Address to, int from) {
    vector(MAP_0F, NO_PREFIX, 0x11, from, 0, to, VECTOR);
  }

  /** The first quarter of to = the 16 bytes at {@code from}; the others become 0. */
  public void loadQuarter(int to, Address from) {
    vector(MAP_0F, NO_PREFIX, 0x10, to, 0, from, QUARTER, SHORT);
  }

  /**
   * to = a with the 16 bytes at {@code from} in place of a quarter.
   *
   * @param quarter 0 to 3
   */
  public void insertQuarter(int to, int a, Address from, int quarter) {
    vector(MAP_0F3A, PREFIX_66, 0x18, to, a, from, QUARTER, LONG);
    put(quarter);
  }

  /** In each quarter: to = a₀ b₀ a₁ b₁. */
  public void interleaveLow(int to, int a, int b) {
    vector(MAP_0F, NO_PREFIX, 0x14, to, a, b);
  }

  /** In each quarter: to = a₂ b₂ a₃ b₃. */
  public void interleaveHigh(int to, int a, int b) {
    vector(MAP_0F, NO_PREFIX, 0x15, to, a, b);
  }

  /** In each quarter: to = a₀ a₁ b₀ b₁. */
  public void joinLow(int to, int a, int b) {
    vector(MAP_0F, NO_PREFIX, 0xC6, to, a, b);
    put(0x44);
  }

  /** In each quarter: to = a₂ a₃ b₂ b₃. */
  public void joinHigh(int to, int a, int b) {
    vector(MAP_0F, NO_PREFIX, 0xC6, to, a, b);
    put(0xEE);
  }

  /** to = the float at {@code from} in every lane. */
  public void broadcast(int to, Address from) {
    vector(MAP_0F38, PREFIX_66, 0x18, to, 0, from, FLOAT);
  }

  /** to = the lower half of a register in every lane of 32 bits. */
  public void broadcast(int to, Register from) {
    vector(MAP_0F38, PREFIX_66, 0x7C, to, 0, from.ordinal());
  }

  /** to = a and the bits of the vector at {@code b}. */
  public void and(int to, int a, Address b) {
    vector(MAP_0F, PREFIX_66, 0xDB, to, a, b, VECTOR);
  }

  /** to = the lanes of 32 bits at {@code from}, shifted to the left. */
  public void shiftLeft(int to, Address from, int bits) {
    vector(MAP_0F, PREFIX_66, 0x72, 6, to, from, VECTOR);
    put(bits);
  }

  /** to = the lanes of 32 bits of {@code from}, shifted to the right. */
  public void shiftRight(int to, int from, int bits) {
    vector(MAP_0F, PREFIX_66, 0x72, 2, to, from);
    put(bits);
  }

  /** to = a and the bits of b. */
  public void and(int to, int a, int b) {
    vector(MAP_0F, PREFIX_66, 0xDB, to, a, b);
  }

  /** to = a + b in lanes of 32 bits. */
  public void addIntegers(int to, int a, int b) {
    vector(MAP_0F, PREFIX_66, 0xFE, to, a, b);
  }

  /** to = a + the vector at {@code b} in F32. */
  public void add(int to, int a, Address b) {
    vector(MAP_0F, NO_PREFIX, 0x58, to, a, b, VECTOR);
  }

  /** to = from. */
  public void copy(int to, int from) {
    vector(MAP_0F, NO_PREFIX, 0x28, to, 0, from);
  }

  /** to = from in the lanes that are marked, else 0. */
  public void keep(int to, int from, int mask) {
    vector(MAP_0F, NO_PREFIX, 0x28, to, 0, from, ZEROING | mask);
  }

  /**
   * to = the vector at {@code from} in the lanes that are marked; others stay, and are not read.
   */
  public void load(int to, Address from, int mask) {
    vector(MAP_0F, NO_PREFIX, 0x10, to, 0, from, VECTOR, LONG, mask);
  }

  /** to = the 16 words at {@code from} in lanes of 32 bits. */
  public void loadWords(int to, Address from) {
    vector(MAP_0F38, PREFIX_66, 0x33, to, 0, from, VECTOR / 2);
  }

  /** The float at {@code to} = the first lane. */
  public void storeFloat(Address to, int from) {
    vector(MAP_0F, PREFIX_F3, 0x11, from, 0, to, FLOAT, SHORT);
  }

  /** to = a + b in F32. */
  public void add(int to, int a, int b) {
    vector(MAP_0F, NO_PREFIX, 0x58, to, a, b);
  }

  /** to = a − b in F32. */
  public void subtract(int to, int a, int b) {
    vector(MAP_0F, NO_PREFIX, 0x5C, to, a, b);
  }

  /** to = a × b in F32. */
  public void multiply(int to, int a, int b) {
    vector(MAP_0F, NO_PREFIX, 0x59, to, a, b);
  }

  /** to = a ÷ b in F32. */
  public void divide(int to, int a, int b) {
    vector(MAP_0F, NO_PREFIX, 0x5E, to, a, b);
  }

  /** to = the larger of a and b; b where one of them is no number. */
  public void larger(int to, int a, int b) {
    vector(MAP_0F, NO_PREFIX, 0x5F, to, a, b);
  }

  /** to = to × a + b in F32, rounded once. */
  public void multiplyInto(int to, int a, int b) {
    vector(MAP_0F38, PREFIX_66, 0xA8, to, a, b);
  }

  /** to = to × a − b in F32, rounded once. */
  public void multiplyLess(int to, int a, int b) {
    vector(MAP_0F38, PREFIX_66, 0xAA, to, a, b);
  }

  /** to = the lanes of 32 bits of {@code from}, shifted to the left. */
  public void shiftLeft(int to, int from, int bits) {
    vector(MAP_0F, PREFIX_66, 0x72, 6, to, from);
    put(bits);
  }

  /** to = from with its halves, each of two quarters, exchanged. */
  public void exchangeHalves(int to, int from) {
    vector(MAP_0F3A, PREFIX_66, 0x23, to, from, from);
    put(0x4E);
  }

  /** to = from with the quarters of each half exchanged. */
  public void exchangeQuarters(int to, int from) {
    vector(MAP_0F3A, PREFIX_66, 0x23, to, from, from);
    put(0xB1);
  }

  /** In each quarter: to = from₂ from₃ from₀ from₁. */
  public void exchangePairs(int to, int from) {
    vector(MAP_0F3A, PREFIX_66, 0x04, to, 0, from);
    put(0x4E);
  }

  /** In each quarter: to = from₁ from₀ from₃ from₂. */
  public void exchangeLanes(int to, int from) {
    vector(MAP_0F3A, PREFIX_66, 0x04, to, 0, from);
    put(0xB1);
  }

  /** to = 0. */
  public void zero(int to) {
    vector(MAP_0F, PREFIX_66, 0xEF, to, to, to);
  }

  /**
   * Marks in a mask register the lanes of x that are no numbers.
   *
   * @param mask 1 to 7
   */
  public void markNotNumbers(int mask, int x) {
    vector(MAP_0F, NO_PREFIX, 0xC2, mask, x, x);
    put(UNORDERED);
  }

  /** Marks in a mask register the lanes where a is less than b. */
  public void markLess(int mask, int a, int b) {
    vector(MAP_0F, NO_PREFIX, 0xC2, mask, a, b);
    put(LESS);
  }

  /**
   * A mask register = the lowest 16 bits.
   *
   * @param from one of the first eight registers
   */
  public void mark(int mask, Register from) {
    put(0xC5);
    put(0xF8);
    put(0x92);
    put(0xC0 | mask << 3 | from.ordinal());
  }

  /** to = from in the lanes that are marked. */
  public void replace(int to, int from, int mask) {
    vector(MAP_0F, PREFIX_66, 0x6F, to, 0, from, mask);
  }

  /** The 16 words at {@code to} = the lower halves of the lanes. */
  public void storeWords(Address to, int from) {
    vector(MAP_0F38, PREFIX_F3, 0x33, from, 0, to, VECTOR / 2);
  }

  /** sum += a × b in F32, rounded once. */
  public void multiplyAdd(int sum, int a, int b) {
    vector(MAP_0F38, PREFIX_66, 0xB8, sum, a, b);
  }

  /**
   * sum += a₁ b₁, then a₀ b₀, of the bfloat16 pairs in lanes of 32 bits (AVX512_BF16). Numbers that
   * are subnormal count as 0.
   */
  public void multiplyAddPairs(int sum, int a, int b) {
    vector(MAP_0F38, PREFIX_F3, 0x52, sum, a, b);
  }

  /** to = the lanes of low, then those of high, rounded to bfloat16. */
  public void roundToWords(int to, int high, int low) {
    vector(MAP_0F38, PREFIX_F2, 0x72, to, high, low);
  }

  /** to = the words of {@code from} that {@code order} names. */
  public void arrangeWords(int to, int order, int from) {
    vector(MAP_0F38, PREFIX_66 | WIDE, 0x8D, to, order, from);
  }

  /**
   * Bytes in any order within each quarter.
   *
   * @param order of each byte, which one of its quarter it becomes; 0 where its highest bit is set
   */
  public void arrangeBytes(int to, int from, int order) {
    vector(MAP_0F38, PREFIX_66, 0x00, to, from, order);
  }

  /** to = the lanes of {@code from} that the lowest four bits of {@code order} name. */
  public void arrange(int to, int order, int from) {
    vector(MAP_0F38, PREFIX_66, 0x16, to, order, from);
  }

  /** to = the whole numbers of 32 bits as F32. */
  public void toFloats(int to, int from) {
    vector(MAP_0F, NO_PREFIX, 0x5B, to, 0, from);
  }

  /** The first half of to = the lower halves of the lanes. */
  public void toWords(int to, int from) {
    vector(MAP_0F38, PREFIX_F3, 0x33, from, 0, to);
  }

  /** to = the 16 words of the first half, of binary16, as F32. */
  public void halvesToFloats(int to, int from) {
    vector(MAP_0F38, PREFIX_66, 0x13, to, 0, from);
  }

  /** to = the lanes of 32 bits of {@code from}, shifted to the right with their sign. */
  public void shiftSigned(int to, int from, int bits) {
    vector(MAP_0F, PREFIX_66, 0x72, 4, to, from);
    put(bits);
  }

  /** to = the bits of a or b. */
  public void or(int to, int a, int b) {
    vector(MAP_0F, PREFIX_66, 0xEB, to, a, b);
  }

  /**
   * Each bit of to = the bit of {@code table} whose number those of to, a and b are, to's the
   * highest.
   */
  public void combine(int to, int a, int b, int table) {
    vector(MAP_0F3A, PREFIX_66, 0x25, to, a, b);
    put(table);
  }

  /** Asks for the cache line of an address, which need not exist. */
  public void prefetch(Address of) {
    prefix(false, 1, of);
    put(0x0F);
    put(0x18);
    modrm(1, of, 1);
  }

  /** The same, into the second cache only. */
  public void prefetchSecond(Address of) {
    prefix(false, 2, of);
    put(0x0F);
    put(0x18);
    modrm(2, of, 1);
  }

  /** Keeps a register on the stack. */
  public void push(Register from) {
    stack(0x50, from);
  }

  /** Takes back what was pushed last. */
  public void pop(Register to) {
    stack(0x58, to);
  }

  private void stack(int opcode, Register register) {
    if (register.ordinal() >= 8) {
      put(0x41);
    }
    put(opcode + (register.ordinal() & 7));
  }

  /** to = a number; the upper half becomes 0. */
  public void move(Register to, int number) {
    if (to.ordinal() >= 8) {
      put(0x41);
    }
    put(0xB8 + (to.ordinal() & 7));
    word(number);
  }

  /** to = the word of 64 bits at {@code from}. */
  public void move(Register to, Address from) {
    prefix(true, to.ordinal(), from);
    put(0x8B);
    modrm(to.ordinal(), from, 1);
  }

  /** to = the address itself. */
  public void address(Register to, Address of) {
    prefix(true, to.ordinal(), of);
    put(0x8D);
    modrm(to.ordinal(), of, 1);
  }

  /** to += a number. */
  public void add(Register to, int number) {
    put(0x48 | to.ordinal() >> 3);
    put(0x81);
    put(0xC0 | to.ordinal() & 7);
    word(number);
  }

  /** to += from. */
  public void add(Register to, Register from) {
    put(0x48 | from.ordinal() >> 3 << 2 | to.ordinal() >> 3);
    put(0x01);
    put(0xC0 | (from.ordinal() & 7) << 3 | to.ordinal() & 7);
  }

  /** counter −= 1, and on to {@code target} while it is not 0. */
  public void decrementAndJump(Register counter, int target) {
    put(0x48 | counter.ordinal() >> 3);
    put(0xFF);
    put(0xC8 | counter.ordinal() & 7);
    put(0x0F);
    put(0x85);
    word(target - (here() + Integer.BYTES));
  }

  /**
   * Jumps to where {@link #land} is told of it if a register is 0.
   *
   * @return what to tell it
   */
  public int jumpIfZero(Register counter) {
    int number = counter.ordinal();
    put(0x48 | number >> 3 << 2 | number >> 3);
    put(0x85);
    put(0xC0 | (number & 7) << 3 | number & 7);
    put(0x0F);
    put(0x84);
    word(0);
    return here();
  }

  /** The next instruction is where a jump goes. */
  public void land(int jump) {
    int distance = here() - jump;
    for (int i = 0; i < Integer.BYTES; i++) {
      code[jump - Integer.BYTES + i] = (byte) (distance >> Byte.SIZE * i);
    }
  }

  /** Returns to the caller, leaving no vector state that would slow it down. */
  public void finish() {
    put(0xC5);
    put(0xF8);
    put(0x77);
    put(0xC3);
  }

  private void vector(int map, int prefix, int opcode, int reg, int second, int third) {
    vector(map, prefix, opcode, reg, second, third, NO_MASK);
  }

  private void vector(int map, int prefix, int opcode, int reg, int second, int third, int mask) {
    evex(map, prefix, reg, second, third >> 4, third >> 3 & 1, mask, LONG);
    put(opcode);
    put(0xC0 | (reg & 7) << 3 | third & 7);
  }

  /**
   * @param unit bytes of what is read or written: short displacements count in these
   */
  private void vector(
      int map, int prefix, int opcode, int reg, int second, Address third, int unit) {
    vector(map, prefix, opcode, reg, second, third, unit, LONG);
  }

  private void vector(
      int map, int prefix, int opcode, int reg, int second, Address third, int unit, int length) {
    vector(map, prefix, opcode, reg, second, third, unit, length, NO_MASK);
  }

  private void vector(
      int map,
      int prefix,
      int opcode,
      int reg,
      int second,
      Address third,
      int unit,
      int length,
      int mask) {
    int index = third.index() == null ? 0 : third.index().ordinal() >> 3;
    evex(map, prefix, reg, second, index, third.base().ordinal() >> 3, mask, length);
    put(opcode);
    modrm(reg, third, unit);
  }

  /** Registers' upper bits are stored inverted. */
  private void evex(int map, int prefix, int reg, int second, int x, int b, int mask, int length) {
    put(0x62);
    put((reg >> 3 & 1 ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | (reg >> 4 ^ 1) << 4 | map);
    put((~second & 15) << 3 | 1 << 2 | prefix);
    put(length << 5 | (second >> 4 ^ 1) << 3 | mask);
  }

  private void prefix(boolean wide, int reg, Address of) {
    int index = of.index() == null ? 0 : of.index().ordinal() >> 3;
    int bits = (wide ? 8 : 0) | reg >> 3 << 2 | index << 1 | of.base().ordinal() >> 3;
    if (bits != 0) {
      put(0x40 | bits);
    }
  }

  private void modrm(int reg, Address of, int unit) {
    int base = of.base().ordinal() & 7;
    boolean indexed = of.index() != null || base == Register.RSP.ordinal();
    boolean brief =
        of.displacement() % unit == 0
            && of.displacement() / unit == (byte) (of.displacement() / unit);
    int mode = of.displacement() == 0 && base != Register.RBP.ordinal() ? 0 : brief ? 1 : 2;
    put(mode << 6 | (reg & 7) << 3 | (indexed ? 4 : base));
    if (indexed) {
      int index = of.index() == null ? 4 : of.index().ordinal() & 7;
      put(Integer.numberOfTrailingZeros(of.scale()) << 6 | index << 3 | base);
    }
    if (mode == 1) {
      put(of.displacement() / unit);
    } else if (mode == 2) {
      word(of.displacement());
    }
  }

  private void put(int octet) {
    if (size == code.length) {
      code = Arrays.copyOf(code, 2 * size);
    }
    code[size++] = (byte) octet;
  }

  private void word(int number) {
    for (int shift = 0; shift < 32; shift += 8) {
      put(number >> shift);
    }
  }
}
