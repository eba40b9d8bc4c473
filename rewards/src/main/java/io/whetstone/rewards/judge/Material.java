package io.whetstone.rewards.judge;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What others wrote and the judge is shown: the task, its completions, the reference.
 *
 * <p>Where it is fenced, each text stands between two marks with a code that follows from all of
 * them, so that no text can hold the mark that ends it; what would read as a verdict is written
 * otherwise, so that a judge may quote it; and so are the tokens by which chat templates tell
 * speakers apart ({@code <|im_end|>}), which some servers read as tokens wherever they stand.
 */
record Material(Map<String, String> texts, String code) {

  private static final int CODE = 12;

  /**
   * Makes it ready to be shown.
   *
   * @param raw texts by place
   * @param most characters of a text that are shown; the middle of a longer one is left out, for
   *     answers stand at the end
   */
  static Material of(Map<String, String> raw, VerdictForm form, boolean fenced, int most) {
    Map<String, String> texts = new LinkedHashMap<>();
    raw.forEach((place, text) -> texts.put(place, shortened(text, most)));
    if (!fenced) {
      return new Material(texts, "");
    }
    String code = code(texts);
    texts.replaceAll(
        (place, text) ->
            "<<<BEGIN %s %s>>>\n%s\n<<<END %s %s>>>"
                .formatted(place, code, form.defused(oneSpeaker(text)), place, code));
    return new Material(texts, code);
  }

  private static String oneSpeaker(String text) {
    return text.replace("<|", "< |")
        .replaceAll("<(/?(?:s|bos|eos|start_of_turn|end_of_turn))>", "< $1>")
        .replaceAll("\\[(/?INST)\\]", "[ $1]");
  }

  private static String shortened(String text, int most) {
    if (text.length() <= most) {
      return text;
    }
    int head = most / 3;
    int tail = most - head;
    // A pair of surrogates is not cut in two.
    head -= Character.isHighSurrogate(text.charAt(head - 1)) ? 1 : 0;
    tail -= Character.isLowSurrogate(text.charAt(text.length() - tail)) ? 1 : 0;
    return text.substring(0, head)
        + "\n[… %d characters left out …]\n".formatted(text.length() - head - tail)
        + text.substring(text.length() - tail);
  }

  private static String code(Map<String, String> texts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      texts.forEach(
          (place, text) -> {
            digest.update(place.getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
            digest.update(text.getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
          });
      return HexFormat.of().formatHex(digest.digest()).substring(0, CODE);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
