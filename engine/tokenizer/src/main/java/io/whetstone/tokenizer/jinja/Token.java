package io.whetstone.tokenizer.jinja;

/**
 * A piece of a template.
 *
 * @param text the text itself, a name, an operator, a string's contents or a number as written
 * @param line where it stands, from 1
 */
record Token(Kind kind, String text, int line) {
  /** Kinds of pieces. */
  enum Kind {
    TEXT,
    VARIABLE_BEGIN,
    VARIABLE_END,
    BLOCK_BEGIN,
    BLOCK_END,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    END
  }

  boolean is(Kind wanted) {
    return kind == wanted;
  }

  /** Whether it is that operator or name. */
  boolean is(String symbol) {
    return (kind == Kind.OPERATOR || kind == Kind.NAME) && text.equals(symbol);
  }

  @Override
  public String toString() {
    return switch (kind) {
      case END -> "the template's end";
      case VARIABLE_END -> "}}";
      case BLOCK_END -> "%}";
      case STRING -> "\"" + text + "\"";
      default -> text;
    };
  }
}
