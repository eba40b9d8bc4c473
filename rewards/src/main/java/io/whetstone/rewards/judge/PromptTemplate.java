package io.whetstone.rewards.judge;

import io.whetstone.datasets.settings.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * A text with places to be filled: {@code {completion}}. Two braces stand for one. What is filled
 * in is never looked at for places of its own.
 */
final class PromptTemplate {

  /** Either text or the name of a place. */
  private record Piece(String text, boolean place) {}

  private final List<Piece> pieces;

  private PromptTemplate(List<Piece> pieces) {
    this.pieces = List.copyOf(pieces);
  }

  /**
   * Reads a template.
   *
   * @param known the places there are
   * @throws IllegalArgumentException {@code template: …} where it names another
   */
  static PromptTemplate of(String text, Set<String> known) {
    List<Piece> pieces = new ArrayList<>();
    StringBuilder plain = new StringBuilder();
    for (int at = 0; at < text.length(); at++) {
      char c = text.charAt(at);
      boolean doubled = at + 1 < text.length() && text.charAt(at + 1) == c;
      if ((c == '{' || c == '}') && doubled) {
        plain.append(c);
        at++;
      } else if (c == '{') {
        int end = text.indexOf('}', at);
        String name = end < 0 ? text.substring(at) : text.substring(at + 1, end);
        if (end < 0 || !known.contains(name)) {
          throw new IllegalArgumentException(
              "template: {"
                  + name.lines().findFirst().orElse("")
                  + "} "
                  + Names.unknown(name, known)
                  + "; a brace that means itself is written twice");
        }
        pieces.add(new Piece(plain.toString(), false));
        plain.setLength(0);
        pieces.add(new Piece(name, true));
        at = end;
      } else {
        plain.append(c);
      }
    }
    pieces.add(new Piece(plain.toString(), false));
    return new PromptTemplate(pieces);
  }

  /** The places it has. */
  Set<String> places() {
    return pieces.stream().filter(Piece::place).map(Piece::text).collect(Collectors.toSet());
  }

  /** The text with every place filled. */
  String fill(UnaryOperator<String> value) {
    StringBuilder filled = new StringBuilder();
    for (Piece piece : pieces) {
      filled.append(piece.place() ? value.apply(piece.text()) : piece.text());
    }
    return filled.toString();
  }

  /** The same with values by place. */
  String fill(Map<String, String> values) {
    return fill(values::get);
  }
}
