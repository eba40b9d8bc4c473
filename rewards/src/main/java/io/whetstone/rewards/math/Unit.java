package io.whetstone.rewards.math;

import java.math.BigDecimal;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A unit of measurement.
 *
 * @param name as written, in lower case
 * @param dimension exponents of what is measured ({@code length}: 2 for an area); empty for a word
 *     that is no unit known here, which is then not compared
 * @param factor how many of the dimension's base units one of these is: 1/100 for cm
 */
record Unit(String name, Map<String, Integer> dimension, Rational factor) {

  private static final Map<String, Unit> KNOWN = new HashMap<>();
  private static final Pattern ATOM =
      Pattern.compile(
          "(square|cubic|sq\\.?|cu\\.?)?\\s*([\\p{L}$€£°µ]+)\\.?\\s*(?:\\^?\\s*\\{?(-?[0-9])\\}?)?");
  private static final Pattern SEPARATOR = Pattern.compile("\\s*(/|\\bper\\b|\\*|·|\\s)\\s*");

  static {
    known("length", "1", "m", "meter", "meters", "metre", "metres");
    known("length", "0.01", "cm", "centimeter", "centimeters", "centimetre", "centimetres");
    known("length", "0.001", "mm", "millimeter", "millimeters", "millimetre", "millimetres");
    known("length", "0.1", "dm", "decimeter", "decimeters");
    known("length", "1000", "km", "kilometer", "kilometers", "kilometre", "kilometres");
    known("length", "0.0254", "in", "inch", "inches");
    known("length", "0.3048", "ft", "foot", "feet");
    known("length", "0.9144", "yd", "yard", "yards");
    known("length", "1609.344", "mi", "mile", "miles");
    known("mass", "1", "g", "gram", "grams");
    known("mass", "0.001", "mg", "milligram", "milligrams");
    known("mass", "1000", "kg", "kilogram", "kilograms", "kgs");
    known("mass", "453.59237", "lb", "lbs", "pound", "pounds");
    known("mass", "28.349523125", "oz", "ounce", "ounces");
    known("time", "1", "s", "sec", "secs", "second", "seconds");
    known("time", "0.001", "ms", "millisecond", "milliseconds");
    known("time", "60", "min", "mins", "minute", "minutes");
    known("time", "3600", "h", "hr", "hrs", "hour", "hours");
    known("time", "86400", "day", "days");
    known("time", "604800", "week", "weeks");
    known("month", "1", "month", "months");
    known("month", "12", "year", "years", "yr", "yrs");
    known("length", 3, "0.001", "l", "liter", "liters", "litre", "litres");
    known("length", 3, "0.000001", "ml", "milliliter", "milliliters", "millilitre", "millilitres");
    known("dollar", "1", "$", "dollar", "dollars", "usd");
    known("dollar", "0.01", "cent", "cents", "¢");
    known("euro", "1", "€", "euro", "euros", "eur");
    known("sterling", "1", "£", "gbp");
    known("energy", "1", "j", "joule", "joules");
    known("energy", "1000", "kj", "kilojoule", "kilojoules");
    known("power", "1", "w", "watt", "watts");
    known("force", "1", "n", "newton", "newtons");
    for (String name : new String[] {"mph", "kph"}) {
      Rational metres = Rational.of(new BigDecimal(name.equals("mph") ? "1609.344" : "1000"));
      KNOWN.put(
          name,
          new Unit(
              name, Map.of("length", 1, "time", -1), metres.times(Rational.of(3600).reciprocal())));
    }
    known("frequency", "1", "hz", "hertz");
  }

  private static void known(String dimension, String factor, String... names) {
    known(dimension, 1, factor, names);
  }

  private static void known(String dimension, int exponent, String factor, String... names) {
    Map<String, Integer> measured = Map.of(dimension, exponent);
    for (String name : names) {
      KNOWN.put(name, new Unit(name, measured, Rational.of(new BigDecimal(factor))));
    }
  }

  /** Whether a word, as written, is the name of a unit: {@code m} is, {@code M} is not. */
  static boolean isKnown(String word) {
    return KNOWN.containsKey(word)
        || word.length() > 2 && KNOWN.containsKey(word.toLowerCase(Locale.ROOT));
  }

  /**
   * Reads {@code cm^2}, {@code km/h}, {@code miles per hour}, {@code square feet}, or any words.
   */
  static Unit of(String text) {
    String name = text.strip().toLowerCase(Locale.ROOT);
    Map<String, Integer> dimension = new TreeMap<>();
    Rational factor = Rational.ONE;
    int sign = 1;
    int at = 0;
    Matcher atom = ATOM.matcher(name);
    Matcher separator = SEPARATOR.matcher(name);
    while (at < name.length() && name.length() < 64) {
      if (!atom.find(at) || atom.start() != at || !KNOWN.containsKey(atom.group(2))) {
        return new Unit(name, Map.of(), Rational.ONE);
      }
      int power = power(atom) * sign;
      Unit part = KNOWN.get(atom.group(2));
      part.dimension().forEach((key, value) -> dimension.merge(key, value * power, Integer::sum));
      Rational size = part.factor().power(Math.abs(power));
      factor = factor.times(power < 0 ? size.reciprocal() : size);
      at = atom.end();
      if (at < name.length()) {
        if (!separator.find(at) || separator.start() != at) {
          return new Unit(name, Map.of(), Rational.ONE);
        }
        if (separator.group(1).equals("/") || separator.group(1).equals("per")) {
          sign = -1;
        }
        at = separator.end();
      }
    }
    return new Unit(name, dimension, factor);
  }

  private static int power(Matcher atom) {
    int written = atom.group(3) == null ? 1 : Integer.parseInt(atom.group(3));
    if (atom.group(1) == null) {
      return written;
    }
    return atom.group(1).startsWith("sq") ? 2 : 3;
  }

  /** A remainder's modulus: {@code 3 (mod 7)}. */
  static Unit modulo(String modulus) {
    return new Unit("mod " + modulus, Map.of("mod " + modulus, 1), Rational.ONE);
  }

  boolean isKnown() {
    return !dimension.isEmpty();
  }
}
