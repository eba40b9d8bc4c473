import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Draws a run's {@code metrics.jsonl} as the figure in the README.
 *
 * <pre>
 * java docs/figures/FirstRunFigure.java runs/first-run/metrics.jsonl docs/figures/first-run.svg
 * </pre>
 */
final class FirstRunFigure {
  private static final int WIDTH = 760;
  private static final int HEIGHT = 250;
  private static final int LEFT = 46;
  private static final int TOP = 34;
  private static final int PANEL = 300;
  private static final int DEEP = 160;

  /** One value of a metric at a step of reinforcement learning. */
  private record Point(int step, double value) {}

  private final List<String> lines;
  private final int steps;
  private final StringBuilder svg = new StringBuilder();

  private FirstRunFigure(List<String> lines) {
    this.lines = lines.stream().filter(line -> line.contains("\"stage\":\"grpo\"")).toList();
    this.steps = series("step").getLast().step();
  }

  public static void main(String[] args) throws Exception {
    FirstRunFigure figure = new FirstRunFigure(Files.readAllLines(Path.of(args[0])));
    Files.writeString(Path.of(args[1]), figure.draw());
  }

  private List<Point> series(String key) {
    Pattern step = Pattern.compile("\"step\":(\\d+)");
    Pattern value = Pattern.compile("\"" + Pattern.quote(key) + "\":([-0-9.E]+)");
    List<Point> points = new ArrayList<>();
    for (String line : lines) {
      Matcher at = step.matcher(line);
      Matcher is = value.matcher(line);
      if (at.find() && is.find()) {
        points.add(new Point(Integer.parseInt(at.group(1)), Double.parseDouble(is.group(1))));
      }
    }
    return points;
  }

  private String draw() {
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">
        <rect width="100%%" height="100%%" fill="#ffffff"/>
        """
            .formatted(WIDTH, HEIGHT));
    panel(LEFT, "right answers and thinking, share of rollouts", 1, "%.0f %%", 100);
    curve(LEFT, 1, series("completion/thinks"), "#9aa5b1", "rollouts that think");
    curve(LEFT, 1, series("reward/accuracy/mean"), "#2a6fdb", "right, in training");
    dots(LEFT, 1, series("eval/pass@1"), "#d1495b", "held-out pass@1");
    int second = LEFT + PANEL + 74;
    double most = 20 * Math.ceil(highest("completion/length-mean") / 20);
    panel(second, "length, tokens", most, "%.0f", most);
    curve(second, most, series("completion/length-mean"), "#2a6fdb", "completion");
    curve(second, most, series("completion/think-length-mean"), "#9aa5b1", "thought");
    legend(LEFT, "#d1495b", 0, "held-out pass@1");
    legend(LEFT, "#2a6fdb", 1, "right, in training");
    legend(LEFT, "#9aa5b1", 2, "rollouts that think");
    legend(second, "#2a6fdb", 1, "completion");
    legend(second, "#9aa5b1", 2, "thought");
    return svg.append("</svg>\n").toString();
  }

  private double highest(String key) {
    return series(key).stream().mapToDouble(Point::value).max().orElse(1);
  }

  private void panel(int left, String title, double most, String label, double shownMost) {
    text(left, TOP - 14, "start", "#222222", title);
    for (int i = 0; i <= 4; i++) {
      double y = TOP + DEEP - DEEP * i / 4.0;
      svg.append(line(left, y, left + PANEL, y, "#e3e6ea", 1));
      text(left - 6, y + 4, "end", "#555555", String.format(Locale.ROOT, label, shownMost * i / 4));
    }
    for (int step = 0; step <= steps; step += 20) {
      text(left + x(step), TOP + DEEP + 18, "middle", "#555555", Integer.toString(step));
    }
    text(left + PANEL / 2.0, TOP + DEEP + 36, "middle", "#555555", "step of GRPO");
  }

  private double x(int step) {
    return PANEL * (double) step / steps;
  }

  private void curve(int left, double most, List<Point> points, String colour, String name) {
    DoubleUnaryOperator y = value -> TOP + DEEP * (1 - value / most);
    StringBuilder path = new StringBuilder();
    for (Point point : points) {
      path.append(
          String.format(
              Locale.ROOT,
              "%s%.1f,%.1f",
              path.isEmpty() ? "M" : "L",
              left + x(point.step()),
              y.applyAsDouble(point.value())));
    }
    svg.append(
        "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\"><title>%s</title></path>\n"
            .formatted(path, colour, name));
  }

  private void dots(int left, double most, List<Point> points, String colour, String name) {
    for (Point point : points) {
      svg.append(
          String.format(
              Locale.ROOT,
              "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"><title>%s %.1f"
                  + " %%</title></circle>\n",
              left + x(point.step()),
              TOP + DEEP * (1 - point.value() / most),
              colour,
              name,
              100 * point.value()));
    }
  }

  private void legend(int left, String colour, int row, String name) {
    double y = TOP + DEEP - 54 + 16 * row;
    svg.append(line(left + PANEL - 124, y - 4, left + PANEL - 108, y - 4, colour, 3));
    text(left + PANEL - 102, y, "start", "#333333", name);
  }

  private static String line(
      double x1, double y1, double x2, double y2, String colour, double width) {
    return String.format(
        Locale.ROOT,
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\""
            + " stroke-width=\"%.1f\"/>\n",
        x1,
        y1,
        x2,
        y2,
        colour,
        width);
  }

  private void text(double x, double y, String anchor, String colour, String words) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">%s</text>\n",
            x,
            y,
            anchor,
            colour,
            words));
  }
}
