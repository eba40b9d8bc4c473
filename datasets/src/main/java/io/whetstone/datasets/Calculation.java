package io.whetstone.datasets;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A calculation taken from the left: {@code first}, then one operation after another.
 *
 * <p>Example: {@code 37+58-12} has the steps {@code 37+58=95} and {@code 95-12=83}.
 */
public record Calculation(long first, List<Operation> operations) {

  private static final Pattern PROMPT = Pattern.compile("(-?\\d+)((?:[+*-]\\d+)+)=\\?");
  private static final Pattern OPERATION = Pattern.compile("([+*-])(\\d+)");

  /** One operation on the running total; the sign is one of {@code + - *}. */
  public record Operation(char sign, long operand) {

    /** The new running total. Sums, differences and products only, so never a fraction. */
    public long apply(long total) {
      return switch (sign) {
        case '+' -> Math.addExact(total, operand);
        case '-' -> Math.subtractExact(total, operand);
        case '*' -> Math.multiplyExact(total, operand);
        default -> throw new IllegalStateException("sign: " + sign + " is not one of + - *");
      };
    }

    @Override
    public String toString() {
      return sign + Long.toString(operand);
    }
  }

  public Calculation {
    operations = List.copyOf(operations);
    if (operations.isEmpty()) {
      throw new IllegalArgumentException("operations: [] is not one operation or more");
    }
  }

  /**
   * Reads a prompt such as {@code 37+58+12=?}.
   *
   * @throws DatasetException if the prompt is not of that form
   */
  public static Calculation parse(String prompt) {
    Matcher whole = PROMPT.matcher(prompt);
    if (!whole.matches()) {
      throw new DatasetException(
          "prompt: \"" + prompt + "\" is not a calculation such as 37+58+12=?");
    }
    List<Operation> operations = new ArrayList<>();
    Matcher each = OPERATION.matcher(whole.group(2));
    while (each.find()) {
      operations.add(new Operation(each.group(1).charAt(0), Long.parseLong(each.group(2))));
    }
    return new Calculation(Long.parseLong(whole.group(1)), operations);
  }

  /** The question, such as {@code 37+58+12=?}. */
  public String prompt() {
    StringBuilder text = new StringBuilder(Long.toString(first));
    operations.forEach(text::append);
    return text.append("=?").toString();
  }

  /** The result. */
  public long result() {
    long total = first;
    for (Operation operation : operations) {
      total = operation.apply(total);
    }
    return total;
  }

  /** The running totals in words: {@code 37+58=95}, {@code 95+12=107}. */
  public List<String> steps() {
    List<String> steps = new ArrayList<>();
    long total = first;
    for (Operation operation : operations) {
      long next = operation.apply(total);
      steps.add(total + operation.toString() + "=" + next);
      total = next;
    }
    return steps;
  }

  /** The numbers in the order in which they are written. */
  public List<Long> numbers() {
    List<Long> numbers = new ArrayList<>();
    numbers.add(first);
    operations.forEach(operation -> numbers.add(operation.operand()));
    return numbers;
  }

  /** The completion that thinks every step and answers right. */
  public String completion() {
    return "<think>" + String.join(";", steps()) + "</think><answer>" + result() + "</answer>";
  }

  /** Draws one: how many numbers, then each number and its sign. */
  static Calculation draw(
      RandomStream random, Range numbers, Range values, Supplier<Character> sign) {
    int count = random.within(numbers);
    long first = random.within(values);
    List<Operation> operations = new ArrayList<>(count - 1);
    for (int i = 1; i < count; i++) {
      operations.add(new Operation(sign.get(), random.within(values)));
    }
    return new Calculation(first, operations);
  }

  /** The same text for all calculations that are the same up to the order of their terms. */
  String key() {
    List<String> terms = new ArrayList<>();
    // The first number joins its like: in a product as *7, elsewhere as +7.
    terms.add((operations.getFirst().sign() == '*' ? "*" : "+") + first);
    operations.forEach(operation -> terms.add(operation.toString()));
    terms.sort(null);
    return String.join("", terms);
  }
}
