package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.whetstone.rewards.models.Aggregation;
import io.whetstone.rewards.models.BinaryReport;
import io.whetstone.rewards.models.ModelReward;
import io.whetstone.rewards.models.RewardForm;
import io.whetstone.rewards.models.ScoreModel;
import io.whetstone.trainer.loop.RewardExample.Labelled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;

/**
 * What a reward model says of examples it was not trained on.
 *
 * @param pairs share of pairs in which the better completion scores higher; NaN without pairs
 * @param reports by what is told apart: {@code completions}, {@code steps} (by the labels it was
 *     trained to), {@code true-steps} (by the task's own)
 */
record HeldOutReports(double pairs, Map<String, BinaryReport> reports) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  /** Scores the examples. */
  static HeldOutReports of(ScoreModel model, List<RewardExample> examples, int rowBudget) {
    double[][] scores = model.scores(RewardExample.scorables(examples), rowBudget);
    boolean chances = model.form().probability();
    boolean process = model.form().kind() == RewardForm.Kind.PROCESS;
    Numbers completions = new Numbers();
    Numbers steps = new Numbers();
    Numbers trueSteps = new Numbers();
    Mean pairs = new Mean();
    int next = 0;
    for (RewardExample example : examples) {
      if (example.completions().size() == 2) {
        pairs.add(scores[next][0] > scores[next + 1][0] ? 1 : 0);
      }
      for (Labelled completion : example.completions()) {
        double[] values = scores[next++];
        if (chances) {
          values = Arrays.stream(values).map(ModelReward::chance).toArray();
        }
        completions.add(process ? Aggregation.MIN.of(values) : values[0], completion.right());
        for (int s = 0; process && s < values.length; s++) {
          // A soft label is no truth; what it leans to is.
          double label = completion.labels()[s];
          steps.add(values[s], Double.isNaN(label) ? label : label >= 0.5 ? 1 : 0);
          trueSteps.add(values[s], completion.truth()[s]);
        }
      }
    }
    Map<String, BinaryReport> reports = new LinkedHashMap<>();
    completions.report(chances).ifPresent(r -> reports.put("completions", r));
    steps.report(chances).ifPresent(r -> reports.put("steps", r));
    trueSteps.report(chances).ifPresent(r -> reports.put("true-steps", r));
    return new HeldOutReports(pairs.mean(), reports);
  }

  private static final class Numbers {
    private final DoubleStream.Builder numbers = DoubleStream.builder();
    private final DoubleStream.Builder truths = DoubleStream.builder();

    void add(double number, double truth) {
      if (!Double.isNaN(truth)) {
        numbers.add(number);
        truths.add(truth);
      }
    }

    java.util.Optional<BinaryReport> report(boolean chances) {
      double[] known = truths.build().toArray();
      if (known.length == 0) {
        return java.util.Optional.empty();
      }
      boolean[] truth = new boolean[known.length];
      for (int i = 0; i < truth.length; i++) {
        truth[i] = known[i] == 1;
      }
      return java.util.Optional.of(BinaryReport.of(numbers.build().toArray(), truth, chances));
    }
  }

  /** The numbers by the keys of docs/metrics.md. */
  void into(Map<String, Double> metrics) {
    if (!Double.isNaN(pairs)) {
      metrics.put("reward-model/held-out/pairs", pairs);
    }
    reports.forEach((what, report) -> report.into(metrics, "reward-model/held-out/" + what + "/"));
  }

  /** The reports with their reliability bins, for people and plots. */
  void write(Path file) throws IOException {
    Files.writeString(file, JSON.writeValueAsString(this) + "\n");
  }
}
