package io.whetstone.rewards.math;

import java.util.HashMap;
import java.util.Map;

/** What Unicode's mathematical characters and LaTeX's commands mean in the lexer's own signs. */
final class Glyphs {

  private static final Map<Integer, String> CHARACTERS = new HashMap<>();
  private static final Map<String, String> COMMANDS = new HashMap<>();

  static {
    characters("−–—﹣－", "-");
    characters("×⋅·∙•∗✕", "*");
    characters("÷∕⁄", "/");
    characters("≤⩽", " \\le ");
    characters("≥⩾", " \\ge ");
    characters("≠", " \\ne ");
    characters("≈≃≅∼", " \\approx ");
    characters("→", " \\to ");
    characters("⇒⟹", " \\implies ");
    characters("∞", " \\infty ");
    characters("√", " \\sqrt ");
    characters("π", " \\pi ");
    characters("∪", " \\cup ");
    characters("∩", " \\cap ");
    characters("∖", " \\setminus ");
    characters("∅⌀Ø", " \\emptyset ");
    characters("∈", " \\in ");
    characters("±", " \\pm ");
    characters("∓", " \\mp ");
    characters("°º", " \\degree ");
    characters("ℝ", " \\mathbb{R} ");
    characters("ℤ", " \\mathbb{Z} ");
    characters("ℕ", " \\mathbb{N} ");
    characters("ℚ", " \\mathbb{Q} ");
    characters("ℂ", " \\mathbb{C} ");
    characters("∣", "|");
    characters("²", "^{2}");
    characters("³", "^{3}");
    characters("¹", "^{1}");
    characters("½", "\\frac{1}{2}");
    characters("⅓", "\\frac{1}{3}");
    characters("⅔", "\\frac{2}{3}");
    characters("¼", "\\frac{1}{4}");
    characters("¾", "\\frac{3}{4}");
    characters("⅕", "\\frac{1}{5}");
    characters("⅛", "\\frac{1}{8}");
    characters("⌊", " \\lfloor ");
    characters("⌋", " \\rfloor ");
    characters("⌈", " \\lceil ");
    characters("⌉", " \\rceil ");
    characters("⟨〈", " \\langle ");
    characters("⟩〉", " \\rangle ");
    characters("≡", " \\equiv ");
    characters("…", "...");
    characters("“”", "\"");
    characters("‘’′", "'");
    characters("，、", ",");
    characters("；", ";");
    characters("：∶", ":");
    characters("（", "(");
    characters("）", ")");
    characters("％", "%");
    characters("＝", "=");
    characters("＋", "+");
    // White space of every width, and marks that have none.
    characters("\u00a0\u2002\u2003\u2009\u200a\u202f\u3000", " ");
    characters("\u200b\u200c\u200d\u2060\ufeff\u2061\u2062\ufe0f", "");

    // Spaces, and commands that change the look and not the meaning.
    commands(
        " ",
        ", ; : ! > quad qquad left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl"
            + " Biggr middle displaystyle textstyle limits nolimits thinspace enspace nonumber"
            + " hfill phantom triangle angle measuredangle therefore because star space"
            + " scriptstyle");
    for (String space : new String[] {" ", "\n", "\t", "\r"}) {
      COMMANDS.put(space, " ");
    }
    commands("*", "cdot times ast cdotp bullet");
    commands("/", "div");
    commands("|", "mid vert lvert rvert");
    commands("‖", "lVert rVert Vert |");
    commands("%", "%");
    commands("⦃", "{ lbrace");
    commands("⦄", "} rbrace");
    commands("$", "$ textdollar");
    commands("(", "lparen");
    commands(")", "rparen");
    commands("[", "lbrack");
    commands("]", "rbrack");
    commands("<", "lt");
    commands(">", "gt");
    commands("&", "&");
    commands("_", "_");
    commands("≤", "le leq leqslant leqq");
    commands("≥", "ge geq geqslant geqq");
    commands("≠", "ne neq");
    commands("=", "approx sim simeq cong equiv coloneqq");
    commands("→", "to rightarrow longrightarrow mapsto");
    commands("⇒", "implies Rightarrow Longrightarrow iff Leftrightarrow");
    commands("∞", "infty infin");
    commands("∪", "cup bigcup");
    commands("∩", "cap bigcap");
    commands("∖", "setminus backslash smallsetminus");
    commands("∅", "emptyset varnothing");
    commands("∈", "in");
    commands("±", "pm");
    commands("∓", "mp");
    commands("°", "degree degrees textdegree");
    commands("€", "euro texteuro");
    commands("£", "pounds textsterling");
    commands("…", "ldots dots cdots dotsc dotsb");
    commands("∧", "land wedge");
    commands("∨", "lor vee");
  }

  private Glyphs() {}

  private static void characters(String from, String to) {
    from.codePoints().forEach(c -> CHARACTERS.put(c, to));
  }

  private static void commands(String sign, String names) {
    for (String name : names.split(" ")) {
      COMMANDS.put(name, sign);
    }
  }

  /** The sign that a command stands for; a space for nothing; null where it is more than a sign. */
  static String ofCommand(String name) {
    return COMMANDS.get(name);
  }

  /** The text with every character that LaTeX has another way to say said that way. */
  static String spellOut(String text) {
    int first = 0;
    while (first < text.length() && text.charAt(first) < 0x80) {
      first++;
    }
    if (first == text.length()) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length() + 16).append(text, 0, first);
    text.substring(first)
        .codePoints()
        .forEach(
            c -> {
              String to = CHARACTERS.get(c);
              if (to != null) {
                out.append(to);
              } else {
                out.appendCodePoint(c >= 0xff10 && c <= 0xff19 ? c - 0xff10 + '0' : c);
              }
            });
    return out.toString();
  }
}
