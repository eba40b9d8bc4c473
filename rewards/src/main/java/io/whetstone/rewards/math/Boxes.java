package io.whetstone.rewards.math;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds {@code \boxed{…}} in one pass, however many there are and however deep. */
final class Boxes {

  private static final Pattern BOX = Pattern.compile("\\\\(?:boxed|fbox)(?![a-zA-Z])\\s{0,8}");
  private static final Pattern JOINED =
      Pattern.compile(
          "[\\s$\\\\()*]{0,12}(?:,|;|,?\\s*\\\\?(?:text\\{)?\\s*(?:and|or)\\b\\s*\\}?)[\\s$\\\\()*]{0,12}"
              + "(?:[a-z](?:_[0-9])?\\s*=\\s*)?");

  /** A box's content, and where the box is. */
  private record Box(int from, int to, String content) {}

  private Boxes() {}

  /** The content of the last outermost box, joined with those it is in a list with. */
  static Optional<String> last(String text) {
    List<Box> boxes = outermost(text);
    if (boxes.isEmpty()) {
      return Optional.empty();
    }
    int first = boxes.size() - 1;
    while (first > 0 && isJoined(text, boxes.get(first - 1), boxes.get(first))) {
      first--;
    }
    List<String> contents =
        boxes.subList(first, boxes.size()).stream().map(Box::content).distinct().toList();
    return Optional.of(String.join(", ", contents).strip());
  }

  private static boolean isJoined(String text, Box left, Box right) {
    return right.from() - left.to() <= 40
        && JOINED.matcher(text).region(left.to(), right.from()).matches();
  }

  private static List<Box> outermost(String text) {
    List<Box> boxes = new ArrayList<>();
    Deque<Integer> braces = new ArrayDeque<>(); // where each open brace's box begins, or −1
    int open = 0; // of them, those of a box
    int unclosed = -1; // where the content of the last box that is not closed begins
    Matcher box = BOX.matcher(text);
    int next = box.find() ? box.start() : -1;
    for (int at = text.indexOf("\\"); at >= 0 && at < text.length(); at++) {
      char c = text.charAt(at);
      if (at == next) {
        int start = next;
        int content = box.end();
        next = box.find() ? box.start() : -1;
        at = content - 1;
        if (content < text.length() && text.charAt(content) == '{') {
          braces.push(start);
          open++;
          unclosed = content + 1;
          at = content;
        } else if (open == 0 && content < text.length()) { // \boxed 5
          boxes.add(new Box(start, content + 1, text.substring(content, content + 1)));
        }
      } else if (c == '\\') {
        at++;
      } else if (c == '{' && !braces.isEmpty()) {
        braces.push(-1);
      } else if (c == '}' && !braces.isEmpty()) {
        int start = braces.pop();
        if (start >= 0 && --open == 0) {
          boxes.add(new Box(start, at + 1, content(text, start, at)));
        }
      }
    }
    if (boxes.isEmpty() && unclosed >= 0) {
      int end = text.indexOf('\n', unclosed);
      boxes.add(new Box(0, 0, text.substring(unclosed, end < 0 ? text.length() : end)));
    }
    return boxes;
  }

  private static String content(String text, int start, int end) {
    return text.substring(text.indexOf('{', start) + 1, end);
  }
}
