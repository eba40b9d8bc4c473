package io.whetstone.tokenizer.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/**
 * Python's numbers: integers without bound (a Long where it fits), floats, truth values as 0 and 1.
 */
final class Numbers {
  private static final int MOST_BITS = 20_000;

  private Numbers() {}

  /** A Long where the number fits one. */
  static Object narrow(BigInteger number) {
    return number.bitLength() < 64 ? (Object) number.longValue() : number;
  }

  static boolean isNumber(Object value) {
    return value instanceof Number || value instanceof Boolean;
  }

  static boolean isInteger(Object value) {
    return value instanceof Long || value instanceof BigInteger || value instanceof Boolean;
  }

  static BigInteger big(Object value) {
    return switch (value) {
      case Boolean flag -> flag ? BigInteger.ONE : BigInteger.ZERO;
      case Long number -> BigInteger.valueOf(number);
      case BigInteger number -> number;
      default -> throw new IllegalArgumentException(value + " is no integer");
    };
  }

  static double real(Object value) {
    return value instanceof Double number ? number : big(value).doubleValue();
  }

  /** {@code left operator right} of two numbers. */
  static Object calculate(String operator, Object left, Object right, int line) {
    boolean integers = isInteger(left) && isInteger(right);
    if (integers && !operator.equals("/") && !(operator.equals("**") && big(right).signum() < 0)) {
      return narrow(integers(operator, big(left), big(right), line));
    }
    return reals(operator, real(left), real(right), line);
  }

  private static BigInteger integers(String operator, BigInteger a, BigInteger b, int line) {
    return switch (operator) {
      case "+" -> a.add(b);
      case "-" -> a.subtract(b);
      case "*" -> bounded(a.bitLength() + (long) b.bitLength(), line) ? a.multiply(b) : a;
      case "//" -> floorDivide(a, b, line);
      case "%" -> a.subtract(floorDivide(a, b, line).multiply(b));
      case "**" ->
          bounded(
                  a.bitLength() * Math.max(1, b.bitLength() > 31 ? MOST_BITS + 1 : b.longValue()),
                  line)
              ? a.pow(b.intValue())
              : a;
      default -> throw new TemplateException(line, "the operator " + operator + " is not known");
    };
  }

  private static boolean bounded(long bits, int line) {
    if (bits > MOST_BITS) {
      throw new TemplateException(line, "a number grows beyond " + MOST_BITS + " bits");
    }
    return true;
  }

  private static BigInteger floorDivide(BigInteger a, BigInteger b, int line) {
    requireNotZero(b.signum() == 0, line);
    BigInteger[] parts = a.divideAndRemainder(b);
    boolean down = parts[1].signum() != 0 && parts[1].signum() != b.signum();
    return down ? parts[0].subtract(BigInteger.ONE) : parts[0];
  }

  private static Object reals(String operator, double a, double b, int line) {
    return switch (operator) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "/" -> {
        requireNotZero(b == 0, line);
        yield a / b;
      }
      case "//" -> {
        requireNotZero(b == 0, line);
        yield Math.floor(a / b);
      }
      case "%" -> {
        requireNotZero(b == 0, line);
        double remainder = a % b;
        yield remainder != 0 && remainder < 0 != b < 0 ? remainder + b : remainder;
      }
      case "**" -> Math.pow(a, b);
      default -> throw new TemplateException(line, "the operator " + operator + " is not known");
    };
  }

  private static void requireNotZero(boolean zero, int line) {
    if (zero) {
      throw new TemplateException(line, "division by zero");
    }
  }

  static int compare(Object left, Object right) {
    if (isInteger(left) && isInteger(right)) {
      return big(left).compareTo(big(right));
    }
    double a = real(left);
    double b = real(right);
    return a < b ? -1 : a > b ? 1 : 0;
  }

  /** As Python prints a float: the shortest digits that read back to it. */
  static String text(double number) {
    if (!Double.isFinite(number)) {
      return Double.isNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
    }
    if (number == 0) {
      return 1 / number < 0 ? "-0.0" : "0.0";
    }
    BigDecimal exact = new BigDecimal(Double.toString(number)).stripTrailingZeros();
    int exponent = exact.precision() - exact.scale() - 1;
    if (exponent >= -4 && exponent < 16) {
      String plain = exact.toPlainString();
      return plain.contains(".") ? plain : plain + ".0";
    }
    String digits = exact.unscaledValue().abs().toString();
    String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
    String sign = exponent < 0 ? "-" : "+";
    int size = Math.abs(exponent);
    return (number < 0 ? "-" : "") + mantissa + "e" + sign + (size < 10 ? "0" : "") + size;
  }

  /** Python's round: to even where two are as near. */
  static double round(double number, int digits, RoundingMode mode) {
    return Double.isFinite(number)
        ? new BigDecimal(number).setScale(digits, mode).doubleValue()
        : number;
  }
}
