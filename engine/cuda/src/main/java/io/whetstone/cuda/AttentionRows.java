package io.whetstone.cuda;

/** Entry e of attention: row {@code rows[e]}, which sees positions up to {@code ends[e]}. */
record AttentionRows(Ints rows, Ints ends) {
  AttentionRows() {
    this(new Ints(), new Ints());
  }

  void add(int row, int end) {
    rows.add(row);
    ends.add(end);
  }

  int count() {
    return rows.size();
  }
}
