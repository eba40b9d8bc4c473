package io.whetstone.tokenizer;

/** A tokenizer that cannot be read, or text that it cannot represent; the message says which. */
public final class TokenizerException extends RuntimeException {
  public TokenizerException(String message) {
    super(message);
  }

  public TokenizerException(String message, Throwable cause) {
    super(message, cause);
  }
}
