package io.whetstone.rewards.math;

/**
 * A piece of an answer.
 *
 * @param kind what it is
 * @param text a number's digits without separators; a word's or command's letters; the words of a
 *     {@code \text{…}}; one character of a sign
 * @param spaced whether white space stands before it
 */
record Token(Kind kind, String text, boolean spaced) {

  enum Kind {
    NUMBER,
    /** A run of letters: variables, a function's name or a word. */
    WORD,
    /** {@code \name}. */
    COMMAND,
    /** What stood in {@code \text{…}}. */
    TEXT,
    /** One sign. {@code \{} and {@code \}} are {@code ⦃} and {@code ⦄}, apart from plain braces. */
    SIGN,
    END
  }

  boolean is(char sign) {
    return kind == Kind.SIGN && text.charAt(0) == sign;
  }

  boolean isCommand(String name) {
    return kind == Kind.COMMAND && text.equals(name);
  }
}
