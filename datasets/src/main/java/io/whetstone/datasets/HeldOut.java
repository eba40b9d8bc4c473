package io.whetstone.datasets;

/**
 * How many of a file's tasks are kept from training: a whole number is a count, a fraction in (0,
 * 1) a share, 0 nothing, {@code all} everything.
 *
 * @param amount the count or share; infinite for all
 */
public record HeldOut(double amount) {

  public HeldOut {
    boolean share = amount > 0 && amount < 1;
    boolean count = amount >= 0 && (amount == Math.rint(amount));
    if (!share && !count) {
      throw new IllegalArgumentException(amount + " is not a count, a share in (0, 1), or \"all\"");
    }
  }

  public static HeldOut of(Number amount) {
    return new HeldOut(amount.doubleValue());
  }

  public static HeldOut of(String all) {
    if (!all.equals("all")) {
      throw new IllegalArgumentException(
          "\"" + all + "\" is not a count, a share in (0, 1), or \"all\"");
    }
    return new HeldOut(Double.POSITIVE_INFINITY);
  }

  /** How many of so many tasks. A share is rounded to the nearest number. */
  int count(int tasks) {
    if (amount < 1 && amount > 0) {
      return (int) Math.round(amount * tasks);
    }
    return (int) Math.min(amount, tasks);
  }
}
