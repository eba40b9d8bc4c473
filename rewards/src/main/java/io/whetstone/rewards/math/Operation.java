package io.whetstone.rewards.math;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The functions that an expression may call, with the names they go by in LaTeX and plain text. */
enum Operation {
  /** Square root. */
  SQRT(1, "sqrt"),
  /** {@code ROOT(x, n)}, real for a negative x where n is odd. */
  ROOT(2),
  ABS(1, "abs"),
  FLOOR(1, "floor"),
  CEILING(1, "ceil", "ceiling"),
  FACTORIAL(1),
  /** n!!, of whole numbers. */
  DOUBLE_FACTORIAL(1),
  BINOMIAL(2, "binom", "binomial"),
  EXP(1, "exp"),
  LN(1, "ln"),
  /** {@code LOG(x, b)}: to base b. */
  LOG(2, "log", "lg"),
  SIN(1, "sin"),
  COS(1, "cos"),
  TAN(1, "tan", "tg"),
  COT(1, "cot", "ctg"),
  SEC(1, "sec"),
  CSC(1, "csc", "cosec"),
  ARCSIN(1, "arcsin", "asin"),
  ARCCOS(1, "arccos", "acos"),
  ARCTAN(1, "arctan", "atan", "arctg"),
  ARCCOT(1, "arccot", "acot"),
  ARCSEC(1, "arcsec", "asec"),
  ARCCSC(1, "arccsc", "acsc"),
  SINH(1, "sinh"),
  COSH(1, "cosh"),
  TANH(1, "tanh"),
  GCD(-1, "gcd"),
  LCM(-1, "lcm"),
  MAX(-1, "max"),
  MIN(-1, "min"),
  /** {@code MOD(a, b)}, in [0, b). */
  MOD(2),
  REAL_PART(1, "Re"),
  IMAGINARY_PART(1, "Im"),
  CONJUGATE(1);

  private static final Map<String, Operation> BY_NAME = new HashMap<>();

  static {
    for (Operation operation : values()) {
      operation.names.forEach(name -> BY_NAME.put(name, operation));
    }
  }

  private final int arity;
  private final List<String> names;

  Operation(int arity, String... names) {
    this.arity = arity;
    this.names = Arrays.asList(names);
  }

  /** The function of this name, or null. */
  static Operation named(String name) {
    return BY_NAME.get(name);
  }

  /** How many arguments it takes; −1: one or more. */
  int arity() {
    return arity;
  }

  boolean isTrigonometric() {
    return ordinal() >= SIN.ordinal() && ordinal() <= CSC.ordinal();
  }

  /** What {@code \sin^{-1}} means, or null. */
  Operation inverse() {
    return switch (this) {
      case SIN -> ARCSIN;
      case COS -> ARCCOS;
      case TAN -> ARCTAN;
      case COT -> ARCCOT;
      case SEC -> ARCSEC;
      case CSC -> ARCCSC;
      default -> null;
    };
  }
}
