package io.whetstone.rewards.models;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.datasets.JsonLines;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A solution whose steps are labelled, as people's data have them.
 *
 * @param where file and line, for complaints and records
 * @param prompt the problem
 * @param steps the steps' texts in order; the completion is all of them, one after another
 * @param labels for each step 1 good, 0 bad, or NaN where it is not labelled
 */
public record StepLabels(String where, String prompt, List<String> steps, double[] labels) {
  /** Whose format a file has. */
  public enum Format {
    /**
     * Lightman et al. 2023: a line has {@code question.problem} and {@code label.steps}, each step
     * some {@code completions} with a {@code rating} of −1, 0 or 1 and the {@code
     * chosen_completion}, or a {@code human_completion}. The chosen ones are one solution; each
     * other that was rated ends one of its own, in which it alone is labelled. 0 counts as good
     * ("neutral", app. D).
     */
    PRM800K,
    /**
     * Wang et al. 2024: a line has {@code input}, in which {@code ки} ends each step, and {@code
     * label}, the same text with {@code +} or {@code -} in its place. {@code Step 1:} ends the
     * problem.
     */
    MATH_SHEPHERD
  }

  private static final Pattern FIRST_STEP = Pattern.compile("\\s*Step 1:");
  private static final String END = "ки";

  public StepLabels {
    steps = List.copyOf(steps);
    if (steps.size() != labels.length || steps.isEmpty()) {
      throw new IllegalArgumentException(steps.size() + " steps, " + labels.length + " labels");
    }
  }

  /**
   * All solutions of a file, in order.
   *
   * @throws IllegalArgumentException naming file, line and field of what cannot be used
   */
  public static List<StepLabels> read(Path file, Format format) {
    List<StepLabels> all = new ArrayList<>();
    try (JsonLines lines = new JsonLines(Files.newInputStream(file))) {
      for (JsonLines.Line line = lines.next(); line != null; line = lines.next()) {
        String where = file.getFileName() + ":" + line.number();
        try {
          ObjectNode fields = JsonLines.parse(line);
          switch (format) {
            case PRM800K -> prm800k(where, fields, all);
            case MATH_SHEPHERD -> all.add(mathShepherd(where, fields));
          }
        } catch (RuntimeException e) {
          throw new IllegalArgumentException(where + ": " + e.getMessage(), e);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (all.isEmpty()) {
      throw new IllegalArgumentException(file + ": holds no labelled step");
    }
    return all;
  }

  private static void prm800k(String where, ObjectNode fields, List<StepLabels> all) {
    String problem = text(fields.path("question").path("problem"), "question.problem");
    JsonNode steps = fields.path("label").path("steps");
    if (!steps.isArray()) {
      throw new IllegalArgumentException("label.steps: is not a list");
    }
    List<String> path = new ArrayList<>();
    List<Double> ratings = new ArrayList<>();
    for (int s = 0; s < steps.size(); s++) {
      JsonNode completions = steps.get(s).path("completions");
      JsonNode chosen = steps.get(s).path("chosen_completion");
      int taken = chosen.isInt() ? chosen.intValue() : -1;
      boolean human = taken < 0 && steps.get(s).hasNonNull("human_completion");
      if (taken < 0 && !human && completions.size() == 1) {
        taken = 0; // the last step, at which the labeller stopped
      }
      for (int c = 0; c < completions.size(); c++) {
        double label = label(completions.get(c).path("rating"));
        if (c != taken && !Double.isNaN(label)) {
          List<String> other = new ArrayList<>(path);
          other.add(text(completions.get(c).path("text"), "completions.text") + "\n");
          double[] labels = new double[other.size()];
          Arrays.fill(labels, Double.NaN);
          labels[labels.length - 1] = label;
          all.add(new StepLabels(where, problem, other, labels));
        }
      }
      if (taken < 0 && !human) {
        break;
      }
      JsonNode step = human ? steps.get(s).get("human_completion") : completions.path(taken);
      path.add(text(step.path("text"), "completions.text") + "\n");
      ratings.add(human ? 1 : label(step.path("rating")));
    }
    if (ratings.stream().anyMatch(rating -> !rating.isNaN())) {
      double[] labels = ratings.stream().mapToDouble(d -> d).toArray();
      all.add(new StepLabels(where, problem, path, labels));
    }
  }

  private static double label(JsonNode rating) {
    if (rating.isNull() || rating.isMissingNode()) {
      return Double.NaN;
    }
    if (!rating.isInt() || Math.abs(rating.intValue()) > 1) {
      throw new IllegalArgumentException("rating: " + rating + " is not -1, 0, 1 or null");
    }
    return rating.intValue() < 0 ? 0 : 1;
  }

  private static StepLabels mathShepherd(String where, ObjectNode fields) {
    String input = text(fields.path("input"), "input");
    String label = text(fields.path("label"), "label");
    Matcher first = FIRST_STEP.matcher(input);
    if (!first.find()) {
      throw new IllegalArgumentException("input: has no \"Step 1:\"");
    }
    List<String> steps = new ArrayList<>();
    List<Double> labels = new ArrayList<>();
    int at = 0; // in label: the same text, a sign of one letter for each mark of two
    int from = 0;
    for (int mark = input.indexOf(END); mark >= 0; mark = input.indexOf(END, from)) {
      at += mark - from;
      char sign = at < label.length() ? label.charAt(at) : ' ';
      if (sign != '+' && sign != '-') {
        throw new IllegalArgumentException(
            "label: has \""
                + sign
                + "\" where step "
                + (steps.size() + 1)
                + " ends; expected + or -");
      }
      int start = steps.isEmpty() ? first.end() - "Step 1:".length() : from;
      steps.add(input.substring(start, mark).strip() + "\n");
      labels.add(sign == '+' ? 1.0 : 0.0);
      at++;
      from = mark + END.length();
    }
    if (steps.isEmpty()) {
      throw new IllegalArgumentException("input: has no step that ends with " + END);
    }
    return new StepLabels(
        where,
        input.substring(0, first.start()).strip(),
        steps,
        labels.stream().mapToDouble(d -> d).toArray());
  }

  private static String text(JsonNode node, String field) {
    if (!node.isTextual()) {
      throw new IllegalArgumentException(field + ": is no text");
    }
    return node.textValue();
  }
}
