package io.whetstone.tokenizer.jinja;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;

/** A list that cannot change, prints with round brackets and equals no other kind of list. */
class Tuple extends AbstractList<Object> {
  private final Object[] items;

  Tuple(List<?> items) {
    this.items = items.toArray();
  }

  static Tuple of(Object... items) {
    return new Tuple(Arrays.asList(items));
  }

  @Override
  public Object get(int index) {
    return items[index];
  }

  @Override
  public int size() {
    return items.length;
  }
}
