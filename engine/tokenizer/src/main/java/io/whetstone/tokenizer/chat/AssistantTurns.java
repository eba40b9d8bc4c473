package io.whetstone.tokenizer.chat;

import io.whetstone.tokenizer.TokenizerException;
import io.whetstone.tokenizer.jinja.Template.Rendered;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds in a rendered conversation what its assistant wrote: each turn from behind its header to
 * the token that ends it, that token included.
 *
 * <p>Where the template marks it with {@code {% generation %}}, those marks are what is found.
 * Elsewhere a turn is found by what can be observed of the template, whatever it does with earlier
 * turns (Qwen3 takes old thoughts out, so that no rendering of a part begins like the whole):
 *
 * <pre>
 * whole           … user text │ end of turn, header │ turn, end token │ …
 * marker for text … MARKER    │ the same to the end of the whole
 * cut, to go on   … MARKER    │ end of turn, header │
 * </pre>
 *
 * The message before the turn is replaced by a marker, once in the whole conversation and once in
 * the conversation cut there, with a header for a new turn. What follows the marker in the first
 * must be the end of the whole, and must begin with what follows it in the second. Where that does
 * not hold, finding fails: a mask is never guessed.
 */
public final class AssistantTurns {
  private static final String ROLE = "assistant";
  private static final String CONTENT = "content";

  private final ChatTemplate template;
  private final List<String> addedTokens;

  /**
   * @param addedTokens texts of the tokens that a text is cut at, end-of-turn tokens among them
   */
  public AssistantTurns(ChatTemplate template, List<String> addedTokens) {
    this.template = template;
    this.addedTokens = List.copyOf(addedTokens);
  }

  /** Which turns are looked for. */
  public enum Which {
    /** Every turn of the assistant. */
    ALL,
    /** Only its last one. */
    LAST
  }

  /**
   * Renders a whole conversation and finds turns in it.
   *
   * @return the text, and the turns as its {@code generated} pieces
   * @throws TokenizerException where there is none, or where it stands cannot be told for sure
   */
  public Rendered find(Conversation conversation, Which which) {
    List<Map<String, Object>> messages = conversation.messages();
    List<Integer> turns = new ArrayList<>();
    for (int i = 0; i < messages.size(); i++) {
      if (ROLE.equals(messages.get(i).get("role"))) {
        turns.add(i);
      }
    }
    if (turns.isEmpty()) {
      throw new TokenizerException(
          "messages: none is the assistant's; expected one to learn from (role: assistant)");
    }
    List<Integer> wanted = which == Which.ALL ? turns : List.of(turns.getLast());
    Rendered whole = render(conversation, messages, false);
    List<Rendered.Span> found = new ArrayList<>();
    if (template.marksGenerated(conversation.tools() != null)) {
      int from =
          which == Which.ALL ? 0 : before(conversation, whole.text(), wanted.getFirst()).length();
      whole.generated().stream().filter(span -> span.from() >= from).forEach(found::add);
      if (found.isEmpty()) {
        throw unsure(
            wanted.getFirst(), "the template has {% generation %}, but marks nothing here");
      }
    } else {
      String end = endOfTurn(conversation);
      for (int turn : wanted) {
        found.add(turn(conversation, whole.text(), turn, end));
      }
    }
    return new Rendered(whole.text(), List.copyOf(found));
  }

  /**
   * The token that ends a turn of the assistant: what the template writes after a plain one.
   *
   * @throws TokenizerException where it writes none
   */
  public String endOfTurn(Map<String, Object> variables) {
    return endOfTurn(
        new Conversation(
            List.of(Map.of("role", "user", CONTENT, "Hello")),
            null,
            false,
            Optional.empty(),
            variables));
  }

  private String endOfTurn(Conversation like) {
    String marker = marker("");
    List<Map<String, Object>> probe =
        List.of(Map.of("role", "user", CONTENT, "Hello"), Map.of("role", ROLE, CONTENT, marker));
    Conversation plain = new Conversation(probe, null, false, Optional.empty(), like.variables());
    String text = template.render(plain).text();
    int at = text.indexOf(marker);
    String rest = at < 0 ? "" : text.substring(at + marker.length());
    int start = rest.length() - rest.stripLeading().length();
    return addedTokens.stream()
        .filter(token -> rest.startsWith(token, start))
        .max(java.util.Comparator.comparingInt(String::length))
        .map(token -> rest.substring(0, start) + token)
        .orElseThrow(
            () ->
                new TokenizerException(
                    "the chat template writes no token that ends the assistant's turn (after it"
                        + " stands \""
                        + shortened(rest)
                        + "\"), so that a model would not learn to stop"));
  }

  private Rendered.Span turn(Conversation conversation, String whole, int turn, String end) {
    Map<String, Object> message = conversation.messages().get(turn);
    if (message.values().stream().anyMatch(value -> value.toString().contains(end.strip()))) {
      throw unsure(turn, "its text holds " + end.strip() + ", which ends turns");
    }
    int start = start(conversation, whole, turn);
    requireChangesNothingBefore(conversation, whole, turn, start);
    int stop = whole.indexOf(end, start);
    if (stop < 0 || stop + end.length() > beginOfNext(conversation, whole, turn)) {
      throw unsure(turn, "the template does not end it with " + end.strip());
    }
    return new Rendered.Span(start, stop + end.length());
  }

  /** Where the turn's own text begins. */
  private int start(Conversation conversation, String whole, int turn) {
    String rest = whole.substring(before(conversation, whole, turn).length());
    List<Map<String, Object>> cut = conversation.messages().subList(0, turn);
    String header = after(conversation, cut, turn - 1, true);
    boolean begun = !header.equals(after(conversation, cut, turn - 1, false));
    int thought = thought(header);
    if (begun && !rest.startsWith(header) && thought > 0) {
      // A thought that the header opens is not written where old thoughts are taken out.
      header = header.substring(0, thought);
    }
    boolean follows = rest.startsWith(header);
    if (follows && !begun) {
      // Without a header of its own it must begin at once.
      Object content = conversation.messages().get(turn).get(CONTENT);
      follows =
          content instanceof String text
              && !text.isBlank()
              && rest.substring(header.length()).stripLeading().startsWith(text.stripLeading());
    }
    if (!follows) {
      throw unsure(
          turn,
          "after the message before it the template writes \""
              + shortened(rest)
              + "\", which does not begin like the header of a new turn, \""
              + shortened(header)
              + "\"");
    }
    return whole.length() - rest.length() + header.length();
  }

  /** Where a header begins to speak for the assistant, opening a thought; −1 where it does not. */
  public static int thought(String header) {
    int open = header.indexOf("<think>");
    int close = header.indexOf("</think>");
    return open < 0 ? close : close < 0 ? open : Math.min(open, close);
  }

  /** The whole up to the end of what the message before the turn says. */
  private String before(Conversation conversation, String whole, int turn) {
    if (turn == 0) {
      throw unsure(turn, "no message is before it");
    }
    String rest = after(conversation, conversation.messages(), turn - 1, false);
    if (!whole.endsWith(rest)) {
      throw unsure(turn, "what follows the message before it depends on what that says");
    }
    return whole.substring(0, whole.length() - rest.length());
  }

  private void requireChangesNothingBefore(
      Conversation conversation, String whole, int turn, int start) {
    if (conversation.messages().get(turn).get(CONTENT) instanceof String text && !text.isBlank()) {
      if (common(whole, split(conversation, conversation.messages(), turn, false)[0]) < start) {
        throw unsure(turn, "what stands before it depends on what it says");
      }
    }
  }

  /** What stands before this is certainly not the next message's. */
  private int beginOfNext(Conversation conversation, String whole, int turn) {
    return turn + 1 == conversation.messages().size()
        ? whole.length()
        : common(whole, split(conversation, conversation.messages(), turn + 1, false)[0]);
  }

  private String after(
      Conversation conversation, List<Map<String, Object>> messages, int index, boolean header) {
    return split(conversation, messages, index, header)[1];
  }

  /** What is written before and after a message's text. */
  private String[] split(
      Conversation conversation, List<Map<String, Object>> messages, int index, boolean header) {
    String marker = marker(messages.toString());
    List<Map<String, Object>> changed = new ArrayList<>(messages);
    Map<String, Object> message = new LinkedHashMap<>(messages.get(index));
    message.put(
        CONTENT,
        message.get(CONTENT) instanceof List<?>
            ? List.of(Map.of("type", "text", "text", marker))
            : marker);
    changed.set(index, message);
    String text = render(conversation, changed, header).text();
    int at = text.indexOf(marker);
    if (at < 0 || text.indexOf(marker, at + 1) >= 0) {
      throw unsure(index, "the template writes its text " + (at < 0 ? "nowhere" : "twice"));
    }
    return new String[] {text.substring(0, at), text.substring(at + marker.length())};
  }

  /** A word that does not occur in a text. */
  private static String marker(String text) {
    String marker = "QxMarkerQx";
    while (text.contains(marker)) {
      marker += "Qx";
    }
    return marker;
  }

  private Rendered render(
      Conversation conversation, List<Map<String, Object>> messages, boolean header) {
    return template.render(
        new Conversation(
            messages, conversation.tools(), header, Optional.empty(), conversation.variables()));
  }

  private static int common(String a, String b) {
    int n = Math.min(a.length(), b.length());
    for (int i = 0; i < n; i++) {
      if (a.charAt(i) != b.charAt(i)) {
        return i;
      }
    }
    return n;
  }

  private static TokenizerException unsure(int message, String why) {
    return new TokenizerException(
        "messages["
            + message
            + "]: which of the tokens are the assistant's cannot be told for sure: "
            + why
            + "; mark them in the chat template with {% generation %}…{% endgeneration %}, or leave"
            + " the conversation out");
  }

  private static String shortened(String text) {
    String line = text.replace("\n", "\\n");
    return line.length() > 60 ? line.substring(0, 60) + "…" : line;
  }
}
