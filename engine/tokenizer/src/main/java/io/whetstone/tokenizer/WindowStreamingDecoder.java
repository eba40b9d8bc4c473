package io.whetstone.tokenizer;

import java.util.ArrayList;
import java.util.List;

/**
 * For tokenizers whose decoding of a token depends on its neighbours (SentencePiece's leading
 * space, byte fallback): decodes a window that starts one token before the text that is not final
 * yet.
 */
final class WindowStreamingDecoder implements StreamingDecoder {
  private static final char REPLACEMENT = '\uFFFD';

  private final Tokenizer tokenizer;
  private final List<Integer> window = new ArrayList<>();

  /** How many tokens at the window's start are only there for context. */
  private int context;

  WindowStreamingDecoder(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  @Override
  public String add(int id) {
    if (!tokenizer.exists(id)) {
      return ""; // decoding leaves such an id out: it does not even end a run of bytes
    }
    window.add(id);
    // A run of byte tokens is decoded as a whole, and one bad byte spoils all of it.
    if (tokenizer.isByte(id)) {
      return "";
    }
    String text = decode(window.size());
    if (!text.isEmpty() && text.charAt(text.length() - 1) == REPLACEMENT) {
      return "";
    }
    return advance(text);
  }

  @Override
  public String finish() {
    String rest = advance(decode(window.size()));
    window.clear();
    context = 0;
    return rest;
  }

  private String advance(String text) {
    String fresh = text.substring(Math.min(text.length(), decode(context).length()));
    int last = window.isEmpty() ? 0 : window.size() - 1;
    window.subList(0, last).clear();
    context = window.size();
    return fresh;
  }

  private String decode(int tokens) {
    return tokens == 0
        ? ""
        : tokenizer.decode(window.subList(0, tokens).stream().mapToInt(i -> i).toArray());
  }
}
