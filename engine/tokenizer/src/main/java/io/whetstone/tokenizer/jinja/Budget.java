package io.whetstone.tokenizer.jinja;

/**
 * What rendering may take, so that a template with an endless loop ends with a message.
 *
 * @param steps statements and expressions that may be evaluated
 * @param characters that may be written, or held in one string
 */
record Budget(long steps, int characters) {
  /** A conversation of a million characters takes a few per cent of it. */
  static final Budget DEFAULT = new Budget(20_000_000, 32 << 20);
}
