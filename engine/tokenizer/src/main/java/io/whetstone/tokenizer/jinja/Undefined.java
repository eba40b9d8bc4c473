package io.whetstone.tokenizer.jinja;

/**
 * What is not there: prints as nothing, is false and empty, and refuses everything else.
 *
 * @param what says what was looked for, as Jinja says it
 */
record Undefined(String what) {
  @Override
  public boolean equals(Object other) {
    return other instanceof Undefined;
  }

  @Override
  public int hashCode() {
    return 0;
  }
}
