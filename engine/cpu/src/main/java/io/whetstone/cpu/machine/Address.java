package io.whetstone.cpu.machine;

/**
 * base + index × scale + displacement.
 *
 * @param index null for none; never RSP, which the instruction set cannot scale
 * @param scale 1, 2, 4 or 8
 */
public record Address(Register base, Register index, int scale, int displacement) {
  /** Checks what cannot be encoded. */
  public Address {
    if (index == Register.RSP || Integer.bitCount(scale) != 1 || scale < 1 || scale > 8) {
      throw new IllegalArgumentException("no such address: " + index + " × " + scale);
    }
  }

  /** base. */
  public static Address at(Register base) {
    return at(base, 0);
  }

  /** base + displacement. */
  public static Address at(Register base, int displacement) {
    return new Address(base, null, 1, displacement);
  }

  /** base + index × scale. */
  public static Address at(Register base, Register index, int scale) {
    return new Address(base, index, scale, 0);
  }

  /** This, some bytes further on. */
  public Address plus(int bytes) {
    return new Address(base, index, scale, displacement + bytes);
  }
}
