package io.whetstone.tokenizer.jinja;

/** A template that cannot be read or rendered; the message names the line. */
public final class TemplateException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public TemplateException(String message) {
    super(message);
  }

  TemplateException(int line, String message) {
    super("line " + line + ": " + message);
  }
}
