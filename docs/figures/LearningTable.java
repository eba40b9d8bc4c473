import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes the table of {@code docs/learning.md} from the runs of {@code scripts/learning-table},
 * which calls it. What stands between the page's markers is replaced.
 *
 * <pre>
 * java docs/figures/LearningTable.java docs/learning.md runs/learning 0,1,2 grpo,dapo
 * </pre>
 */
final class LearningTable {
  private static final String BEGIN = "<!-- table -->";
  private static final String END = "<!-- end of table -->";

  /** Share of right answers in training that counts as learned, over so many steps together. */
  private static final double LEARNED = 0.9;

  private static final int WINDOW = 3;

  /** What one run reached; NaN for what it did not. */
  private record Reached(
      double passAt1, double stepsToLearn, double length, double entropy, double tokens) {}

  public static void main(String[] args) throws IOException {
    Path page = Path.of(args[0]);
    Path runs = Path.of(args[1]);
    String[] seeds = args[2].split(",");
    StringBuilder table = new StringBuilder();
    table.append(
        "| configuration | seeds | pass@1 | steps to 90 % | length, tokens | entropy, nats | drawn"
            + " |\n"
            + "|---|---|---|---|---|---|---|\n");
    table.append(start(runs, seeds));
    for (String name : args[3].split(",")) {
      table.append(row(name, runs, seeds));
    }
    String text = Files.readString(page);
    int from = text.indexOf(BEGIN);
    int to = text.indexOf(END);
    if (from < 0 || to < from) {
      System.err.println(page + ": has no " + BEGIN + " and " + END);
      System.exit(2);
    }
    Files.writeString(
        page, text.substring(0, from + BEGIN.length()) + "\n" + table + text.substring(to));
  }

  private static String start(Path runs, String[] seeds) throws IOException {
    List<Double> passes = new ArrayList<>();
    for (String seed : seeds) {
      Path metrics = runs.resolve("start-" + seed).resolve("metrics.jsonl");
      if (Files.exists(metrics)) {
        last(Files.readAllLines(metrics), "eval/pass@1").ifPresent(passes::add);
      }
    }
    return "| (the model they start from) | %d | %s | | | | |\n"
        .formatted(passes.size(), band(passes, 100, "%.1f %%"));
  }

  private static String row(String name, Path runs, String[] seeds) throws IOException {
    List<Reached> all = new ArrayList<>();
    List<String> failed = new ArrayList<>();
    for (String seed : seeds) {
      Path run = runs.resolve(name + "-" + seed);
      Path summary = run.resolve("summary.json");
      boolean done =
          Files.exists(summary)
              && Files.readString(summary).replace(" ", "").contains("\"status\":\"done\"");
      if (done) {
        all.add(reached(Files.readAllLines(run.resolve("metrics.jsonl"))));
      } else {
        failed.add(seed);
      }
    }
    List<Double> learned = all.stream().map(Reached::stepsToLearn).filter(v -> !v.isNaN()).toList();
    String steps =
        all.isEmpty() || learned.isEmpty()
            ? "never"
            : band(learned, 1, "%.0f")
                + (learned.size() < all.size()
                    ? ", %d of %d".formatted(learned.size(), all.size())
                    : "");
    return "| %s | %d%s | %s | %s | %s | %s | %s |\n"
        .formatted(
            name,
            all.size(),
            failed.isEmpty() ? "" : " (not done: " + String.join(", ", failed) + ")",
            band(all.stream().map(Reached::passAt1).toList(), 100, "%.1f %%"),
            all.isEmpty() ? "" : steps,
            band(all.stream().map(Reached::length).toList(), 1, "%.0f"),
            band(all.stream().map(Reached::entropy).toList(), 1, "%.3f"),
            band(all.stream().map(Reached::tokens).toList(), 1e-6, "%.2f M"));
  }

  private static Reached reached(List<String> lines) {
    double[] right = series(lines, "reward/accuracy/mean");
    double[] length = series(lines, "completion/length-mean");
    double[] entropy = series(lines, "policy/entropy");
    double[] groups = series(lines, "groups/total");
    double first = Double.NaN;
    for (int step = WINDOW; step <= right.length && Double.isNaN(first); step++) {
      if (mean(right, step - WINDOW, step) >= LEARNED) {
        first = step;
      }
    }
    double tokens = 0;
    for (int i = 0; i < Math.min(groups.length, length.length); i++) {
      tokens += groups[i] * length[i];
    }
    return new Reached(
        last(lines, "eval/pass@1").orElse(Double.NaN),
        first,
        mean(length, length.length - WINDOW, length.length),
        mean(entropy, entropy.length - WINDOW, entropy.length),
        tokens * samples(lines));
  }

  /** Completions a group: outcomes of the accuracy reward over groups, in the first step. */
  private static double samples(List<String> lines) {
    Pattern outcome =
        Pattern.compile("\"reward/accuracy/(correct|wrong|unparseable|timeout|error)\":([0-9.E]+)");
    for (String line : lines) {
      double[] groups = series(List.of(line), "groups/total");
      if (groups.length > 0) {
        double completions = 0;
        Matcher matcher = outcome.matcher(line);
        while (matcher.find()) {
          completions += Double.parseDouble(matcher.group(2));
        }
        return completions / groups[0];
      }
    }
    return Double.NaN;
  }

  private static double mean(double[] values, int from, int to) {
    return Arrays.stream(values, Math.max(0, from), to).average().orElse(Double.NaN);
  }

  private static double[] series(List<String> lines, String key) {
    Pattern value = Pattern.compile("\"" + Pattern.quote(key) + "\":([-0-9.E]+)");
    return lines.stream()
        .map(value::matcher)
        .filter(Matcher::find)
        .mapToDouble(matcher -> Double.parseDouble(matcher.group(1)))
        .toArray();
  }

  private static Optional<Double> last(List<String> lines, String key) {
    double[] values = series(lines, key);
    return values.length == 0 ? Optional.empty() : Optional.of(values[values.length - 1]);
  }

  /** The mean and, in brackets, the least and the most. */
  private static String band(List<Double> values, double factor, String format) {
    double[] present =
        values.stream().filter(v -> !v.isNaN()).mapToDouble(v -> v * factor).toArray();
    if (present.length == 0) {
      return "";
    }
    String mean =
        String.format(Locale.ROOT, format, Arrays.stream(present).average().orElseThrow());
    if (present.length == 1) {
      return mean;
    }
    String number = format.replace(" %%", "").replace(" M", "");
    return String.format(
        Locale.ROOT,
        "%s [" + number + ", " + number + "]",
        mean,
        Arrays.stream(present).min().orElseThrow(),
        Arrays.stream(present).max().orElseThrow());
  }
}
