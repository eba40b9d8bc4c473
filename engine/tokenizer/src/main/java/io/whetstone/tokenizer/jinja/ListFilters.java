package io.whetstone.tokenizer.jinja;

import io.whetstone.tokenizer.jinja.Callable.Passed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Filters of lists and dicts. */
final class ListFilters {
  static final Set<String> NAMES =
      Set.of(
          "first",
          "last",
          "list",
          "join",
          "reverse",
          "sort",
          "unique",
          "sum",
          "min",
          "max",
          "map",
          "select",
          "reject",
          "selectattr",
          "rejectattr",
          "groupby",
          "batch",
          "slice",
          "items",
          "dictsort",
          "attr");

  private final Evaluator evaluator;
  private final Passed passed;
  private final int line;

  ListFilters(Evaluator evaluator, Passed passed) {
    this.evaluator = evaluator;
    this.passed = passed;
    this.line = passed.line();
  }

  Object apply(String name, Object value) {
    return switch (name) {
      case "first" -> end(items(value), true);
      case "last" -> end(items(value), false);
      case "list" -> new ArrayList<>(items(value));
      case "join" -> join(value);
      case "reverse" ->
          value instanceof String text ? Strings.reverse(text) : items(value).reversed();
      case "sort" -> sort(value);
      case "unique" -> unique(value);
      case "sum" -> sum(value);
      case "min" -> extreme(value, -1);
      case "max" -> extreme(value, 1);
      case "map" -> map(value);
      case "select" -> select(value, false, true);
      case "reject" -> select(value, false, false);
      case "selectattr" -> select(value, true, true);
      case "rejectattr" -> select(value, true, false);
      case "groupby" -> group(value);
      case "batch" -> batch(value);
      case "slice" -> slice(value);
      case "items" -> entries(value);
      case "dictsort" -> dictSort(value);
      case "attr" -> evaluator.attribute(value, passed.text(0, "name", ""), line);
      default -> throw new TemplateException(line, "the filter " + name + " is not known");
    };
  }

  private List<Object> items(Object value) {
    return Values.items(value, line);
  }

  /** None, false and 0 are mapped and selected from as if they were empty lists. */
  private List<Object> itemsIfAny(Object value) {
    return Values.truth(value) ? items(value) : List.of();
  }

  private Object end(List<Object> items, boolean first) {
    if (items.isEmpty()) {
      return new Undefined("the list is empty");
    }
    return first ? items.getFirst() : items.getLast();
  }

  private String join(Object value) {
    String separator = Values.text(passed.get(0, "d", ""));
    Object attribute = passed.get(1, "attribute", null);
    return String.join(
        separator, items(value).stream().map(item -> Values.text(part(item, attribute))).toList());
  }

  /** The attribute of that path ({@code a.b.0}); the item itself where there is none. */
  private Object part(Object item, Object path) {
    if (path == null) {
      return item;
    }
    Object part = item;
    for (String name : Values.text(path).split("\\.")) {
      part =
          name.matches("\\d+")
              ? evaluator.item(part, Long.parseLong(name), line)
              : evaluator.item(part, name, line);
    }
    return part;
  }

  private Object sort(Object value) {
    boolean reverse = Values.truth(passed.get(0, "reverse", false));
    boolean cased = Values.truth(passed.get(1, "case_sensitive", false));
    Object attribute = passed.get(2, "attribute", null);
    // Several attributes, with commas between them, are compared one after another.
    Object[] paths =
        attribute instanceof String several ? several.split(",") : new Object[] {attribute};
    List<Object> sorted = new ArrayList<>(items(value));
    Comparator<Object> order =
        (a, b) -> {
          for (Object path : paths) {
            Object one = folded(part(a, path), cased);
            Object two = folded(part(b, path), cased);
            if (!Values.equal(one, two)) {
              return Values.compare(one, two, line);
            }
          }
          return 0;
        };
    sorted.sort(reverse ? order.reversed() : order);
    return sorted;
  }

  private static Object folded(Object value, boolean cased) {
    return !cased && value instanceof String text ? text.toLowerCase(Locale.ROOT) : value;
  }

  private Object unique(Object value) {
    boolean cased = Values.truth(passed.get(0, "case_sensitive", false));
    Object attribute = passed.get(1, "attribute", null);
    List<Object> keys = new ArrayList<>();
    List<Object> kept = new ArrayList<>();
    for (Object item : items(value)) {
      Object key = folded(part(item, attribute), cased);
      if (keys.stream().noneMatch(seen -> Values.equal(seen, key))) {
        keys.add(key);
        kept.add(item);
      }
    }
    return kept;
  }

  private Object sum(Object value) {
    Object attribute = passed.get(0, "attribute", null);
    Object sum = passed.get(1, "start", 0L);
    for (Object item : items(value)) {
      sum = evaluator.calculate("+", sum, part(item, attribute), line);
    }
    return sum;
  }

  private Object extreme(Object value, int sign) {
    boolean cased = Values.truth(passed.get(0, "case_sensitive", false));
    Object attribute = passed.get(1, "attribute", null);
    Object best = new Undefined("the list is empty");
    for (Object item : items(value)) {
      if (best instanceof Undefined
          || sign
                  * Values.compare(
                      folded(part(item, attribute), cased),
                      folded(part(best, attribute), cased),
                      line)
              > 0) {
        best = item;
      }
    }
    return best;
  }

  private Object map(Object value) {
    List<Object> mapped = new ArrayList<>();
    for (Object item : itemsIfAny(value)) {
      if (passed.named().containsKey("attribute")) {
        Object part = part(item, passed.named().get("attribute"));
        mapped.add(
            part instanceof Undefined && passed.named().containsKey("default")
                ? passed.named().get("default")
                : part);
      } else {
        mapped.add(
            Filters.apply(evaluator, Values.text(passed.required(0, "filter")), item, after(1)));
      }
    }
    return mapped;
  }

  /** The arguments behind the first {@code count}. */
  private Passed after(int count) {
    List<Object> rest =
        passed
            .positional()
            .subList(Math.min(count, passed.positional().size()), passed.positional().size());
    return new Passed(rest, passed.named(), line);
  }

  private Object select(Object value, boolean byAttribute, boolean wanted) {
    int skip = byAttribute ? 1 : 0;
    List<Object> kept = new ArrayList<>();
    for (Object item : itemsIfAny(value)) {
      Object looked = byAttribute ? part(item, passed.required(0, "attribute")) : item;
      boolean holds =
          passed.positional().size() > skip
              ? Tests.holds(Values.text(passed.positional().get(skip)), looked, after(skip + 1))
              : Values.truth(looked);
      if (holds == wanted) {
        kept.add(item);
      }
    }
    return kept;
  }

  private Object group(Object value) {
    Object attribute = passed.required(0, "attribute");
    Map<Object, List<Object>> groups = new LinkedHashMap<>();
    List<Object> sorted = new ArrayList<>(items(value));
    sorted.sort((a, b) -> Values.compare(part(a, attribute), part(b, attribute), line));
    for (Object item : sorted) {
      groups.computeIfAbsent(part(item, attribute), unused -> new ArrayList<>()).add(item);
    }
    List<Object> pairs = new ArrayList<>();
    groups.forEach((key, members) -> pairs.add(new Pair(key, members)));
    return pairs;
  }

  /** A group: unpacks as a pair, and has the attributes {@code grouper} and {@code list}. */
  static final class Pair extends Tuple {
    Pair(Object grouper, List<Object> list) {
      super(Arrays.asList(grouper, list));
    }
  }

  private int atLeastOne(String name) {
    Object given = passed.required(0, name);
    int count = passed.integer(0, name, 1);
    if (count < 1) {
      throw new TemplateException(line, name + ": " + given + " is not at least 1");
    }
    return count;
  }

  private Object batch(Object value) {
    int size = atLeastOne("linecount");
    Object fill = passed.get(1, "fill_with", null);
    List<Object> batches = new ArrayList<>();
    List<Object> items = items(value);
    for (int from = 0; from < items.size(); from += size) {
      List<Object> batch =
          new ArrayList<>(items.subList(from, Math.min(items.size(), from + size)));
      if (fill != null && size <= 100_000) {
        batch.addAll(Collections.nCopies(size - batch.size(), fill));
      }
      batches.add(batch);
    }
    return batches;
  }

  private Object slice(Object value) {
    int slices = atLeastOne("slices");
    Object fill = passed.get(1, "fill_with", null);
    List<Object> items = items(value);
    List<Object> result = new ArrayList<>();
    int each = items.size() / slices;
    int longer = items.size() % slices;
    int from = 0;
    for (int i = 0; i < Math.min(slices, 100_000); i++) {
      int to = from + each + (i < longer ? 1 : 0);
      List<Object> part = new ArrayList<>(items.subList(from, to));
      if (fill != null && i >= longer && longer > 0) {
        part.add(fill);
      }
      result.add(part);
      from = to;
    }
    return result;
  }

  private Object entries(Object value) {
    if (value instanceof Undefined) {
      return List.of();
    }
    if (value instanceof Map<?, ?> map) {
      return Methods.entries(map);
    }
    throw new TemplateException(line, "items: " + Values.type(value) + " is no dict");
  }

  private Object dictSort(Object value) {
    if (!(value instanceof Map<?, ?> map)) {
      throw new TemplateException(line, "dictsort: " + Values.type(value) + " is no dict");
    }
    boolean cased = Values.truth(passed.get(0, "case_sensitive", false));
    int by = "value".equals(passed.text(1, "by", "key")) ? 1 : 0;
    boolean reverse = Values.truth(passed.get(2, "reverse", false));
    List<Object> entries = Methods.entries(map);
    Comparator<Object> order =
        (a, b) ->
            Values.compare(
                folded(((Tuple) a).get(by), cased), folded(((Tuple) b).get(by), cased), line);
    entries.sort(reverse ? order.reversed() : order);
    return entries;
  }
}
