package io.whetstone.tokenizer.jinja;

import java.util.List;

/** The variable {@code loop}. */
final class Loop {
  private final List<Object> items;
  private final int depth;
  private int index;
  private Object changed = new Undefined("nothing yet");

  /** Renders the loop's body over other items, where the loop is recursive; else null. */
  final Callable recursion;

  Loop(List<Object> items, int depth, Callable recursion) {
    this.items = items;
    this.depth = depth;
    this.recursion = recursion;
  }

  void at(int place) {
    index = place;
  }

  /** An attribute; null where there is none of that name. */
  Object attribute(String name) {
    return switch (name) {
      case "index" -> index + 1L;
      case "index0" -> (long) index;
      case "revindex" -> (long) items.size() - index;
      case "revindex0" -> items.size() - index - 1L;
      case "first" -> index == 0;
      case "last" -> index == items.size() - 1;
      case "length" -> (long) items.size();
      case "depth" -> depth + 1L;
      case "depth0" -> (long) depth;
      case "previtem" ->
          index > 0 ? items.get(index - 1) : new Undefined("there is no previous item");
      case "nextitem" ->
          index + 1 < items.size() ? items.get(index + 1) : new Undefined("there is no next item");
      case "cycle" ->
          (Callable)
              passed -> {
                if (passed.positional().isEmpty()) {
                  throw new TemplateException(passed.line(), "cycle: no values are given");
                }
                return passed.positional().get(index % passed.positional().size());
              };
      case "changed" ->
          (Callable)
              passed -> {
                Object now = new Tuple(passed.positional());
                boolean differs = changed instanceof Undefined || !Values.equal(changed, now);
                changed = now;
                return differs;
              };
      default -> null;
    };
  }

  @Override
  public String toString() {
    return "<LoopContext " + (index + 1) + "/" + items.size() + ">";
  }
}
