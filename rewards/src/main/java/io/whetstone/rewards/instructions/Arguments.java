package io.whetstone.rewards.instructions;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.settings.Names;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.IntPredicate;

/**
 * One instruction's {@code kwargs}. Null ones count as left out: the published data sets name every
 * argument of every instruction.
 */
record Arguments(String instruction, Map<String, ?> values) {

  private DatasetException bad(String name, Object got, String expected) {
    return new DatasetException(
        "kwargs: %s: %s: %s; expected %s"
            .formatted(instruction, name, got == null ? "is missing" : "is " + got, expected));
  }

  /** Refuses arguments that the instruction does not have. */
  void requireOnly(String... known) {
    for (Map.Entry<String, ?> each : values.entrySet()) {
      if (each.getValue() != null && !List.of(known).contains(each.getKey())) {
        throw new DatasetException(
            "kwargs: %s: %s %s"
                .formatted(
                    instruction,
                    each.getKey(),
                    Names.unknown(each.getKey(), new TreeSet<>(Arrays.asList(known)))));
      }
    }
  }

  int whole(String name) {
    // The published files have some whole numbers as 3.0.
    if (values.get(name) instanceof Number number
        && number.doubleValue() == Math.rint(number.doubleValue())
        && Math.abs(number.doubleValue()) < 1e9) {
      return number.intValue();
    }
    throw bad(name, values.get(name), "a whole number");
  }

  String text(String name) {
    if (values.get(name) instanceof String text && !text.isEmpty()) {
      return text;
    }
    throw bad(name, values.get(name), "text");
  }

  List<String> texts(String name) {
    if (!(values.get(name) instanceof List<?> list) || list.isEmpty()) {
      throw bad(name, values.get(name), "a list of words");
    }
    List<String> texts = new ArrayList<>();
    for (Object each : list) {
      if (!(each instanceof String text) || text.isEmpty()) {
        throw bad(name, list, "a list of words");
      }
      texts.add(text);
    }
    return texts;
  }

  /** How a count is compared with a number: {@code less than} or {@code at least} it. */
  IntPredicate relation(String name, String number) {
    int bound = whole(number);
    return switch (text(name)) {
      case "less than" -> count -> count < bound;
      case "at least" -> count -> count >= bound;
      case String other -> throw bad(name, "\"" + other + "\"", "\"less than\" or \"at least\"");
    };
  }
}
