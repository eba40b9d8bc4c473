package io.whetstone.generation;

/** Where one completion stands in its thought: what its {@link ThinkingBudget} asks for next. */
final class Thought {
  /** No token is put in: the policy draws. */
  static final int DRAW = -1;

  private static final int[] NOTHING = {};

  private final ThinkingBudget budget;
  private int[] putting = NOTHING;
  private int put;
  private int takenBack;
  private boolean over;

  Thought(ThinkingBudget budget) {
    this.budget = budget;
    closeWhereItIsLongEnough(NOTHING, 0);
  }

  /** The id that comes next whatever is drawn, or {@link #DRAW}. */
  int forced() {
    return put < putting.length ? putting[put] : DRAW;
  }

  /** Whether these {@code count} ids, the last one just added, end a thought that is to go on. */
  boolean mustGoOn(int[] ids, int count, boolean stops) {
    if (over || takenBack == budget.times() || forced() != DRAW) {
      return false; // what was put in is not taken back
    }
    boolean closes = matched(ids, count) == budget.end().length;
    if (!closes && !stops) {
      return false;
    }
    long after = count - (closes ? budget.end().length : 1) + (long) budget.again().length;
    return budget.most().isEmpty() || after < budget.most().getAsInt();
  }

  /**
   * Takes the end back.
   *
   * @return how many of the ids are to go
   */
  int goOn(int[] ids, int count) {
    takenBack++;
    putting = budget.again();
    put = 0;
    return matched(ids, count) == budget.end().length ? budget.end().length : 1;
  }

  /** Hears that an id was added, the last of {@code count}. */
  void added(int[] ids, int count) {
    if (put < putting.length) {
      put++;
    }
    over |= matched(ids, count) == budget.end().length;
    closeWhereItIsLongEnough(ids, count);
  }

  /** How many of the last ids may yet be taken back. */
  int unsettled(int[] ids, int count) {
    return over || takenBack == budget.times() ? 0 : matched(ids, count);
  }

  private void closeWhereItIsLongEnough(int[] ids, int count) {
    if (!over && forced() == DRAW && count >= budget.most().orElse(Integer.MAX_VALUE)) {
      putting = budget.end();
      put = matched(ids, count);
    }
  }

  /** Length of the longest beginning of the end mark that the ids end with. */
  private int matched(int[] ids, int count) {
    int[] end = budget.end();
    for (int length = Math.min(end.length, count); length > 0; length--) {
      int from = count - length;
      int same = 0;
      while (same < length && ids[from + same] == end[same]) {
        same++;
      }
      if (same == length) {
        return length;
      }
    }
    return 0;
  }
}
