package io.whetstone.cpu;

/**
 * What one running task needs of oneDNN for itself: a stream, and room to work in. Tasks that run
 * at the same time use slots of their own.
 */
final class DnnlSlot {
  private final OneDnn dnn;
  private final int number;
  private final long stream;
  private final Scratch scratchpad = new Scratch();
  private final Scratch padding = new Scratch();

  DnnlSlot(OneDnn dnn, int number) {
    this.dnn = dnn;
    this.number = number;
    this.stream = dnn.stream();
  }

  int number() {
    return number;
  }

  long stream() {
    return stream;
  }

  /** Where a primitive keeps what it likes while it runs. */
  long scratchpad(long bytes) {
    return scratchpad.reserve(bytes);
  }

  /** Where rows are padded to a number that there is a primitive for. */
  long padding(long bytes) {
    return padding.reserve(bytes);
  }

  void close() {
    dnn.destroyStream(stream);
  }
}
