package io.whetstone.trainer.loop;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.trainer.algorithm.LossReduction;
import io.whetstone.trainer.algorithm.PolicyObjective;
import io.whetstone.trainer.algorithm.PolicyTokens;
import io.whetstone.trainer.algorithm.TokenRule;
import io.whetstone.trainer.config.Kl;
import io.whetstone.trainer.config.Objective;
import io.whetstone.trainer.config.Reduction;
import io.whetstone.trainer.rollout.TrainingSample;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A case of a golden file: settings as a configuration has them, and the loss and gradients that
 * PyTorch found for them.
 */
record GoldenCase(JsonNode file, JsonNode golden) {
  private static final ObjectMapper JSON = new ObjectMapper();

  static List<GoldenCase> read(String name) {
    try (InputStream in = GoldenCase.class.getResourceAsStream(name)) {
      JsonNode file = JSON.readTree(in);
      List<GoldenCase> cases = new ArrayList<>();
      file.get("cases").forEach(golden -> cases.add(new GoldenCase(file, golden)));
      return cases;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public String toString() {
    return golden.get("name").asText();
  }

  double loss() {
    return golden.get("loss").asDouble();
  }

  double[] expected(String key) {
    return JSON.convertValue(golden.get(key), double[].class);
  }

  private <R extends Record> R settings(String key, Class<R> type) {
    return Settings.read(
        JSON.convertValue(golden.get(key), new TypeReference<Map<String, Object>>() {}), type, "");
  }

  Objective settings() {
    return settings("objective", Objective.class);
  }

  PolicyObjective objective() {
    return Objectives.objective(settings(), settings("kl", Kl.class));
  }

  LossReduction reduction() {
    String name = golden.get("reduction").asText();
    return name.equals("sum")
        ? new LossReduction.ConstantLength(1)
        : Schedules.reduction(
            Reduction.valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_')),
            file.get("length").asInt());
  }

  /** The file's sequences; what is not trained on is NaN, so that reading it would show. */
  List<TrainingSample> samples() {
    List<TrainingSample> samples = new ArrayList<>();
    JsonNode inputs = file.get("inputs");
    for (int s = 0; s < inputs.get("mask").size(); s++) {
      boolean[] trained = JSON.convertValue(inputs.get("mask").get(s), boolean[].class);
      float[] advantages = new float[trained.length];
      JsonNode own = inputs.get("advantages").get(s);
      boolean byToken = golden.has("tokenAdvantages");
      for (int t = 0; t < trained.length; t++) {
        advantages[t] = (byToken ? golden.get("tokenAdvantages").get(s).get(t) : own).floatValue();
      }
      samples.add(
          new TrainingSample(
              new int[] {1},
              new int[trained.length],
              row("sampled", s, trained),
              trained,
              advantages,
              inputs.get("groups").get(s).asInt()));
    }
    return samples;
  }

  /** A row of an input; NaN where not trained on. */
  float[] row(String key, int s, boolean[] trained) {
    float[] row = new float[trained.length];
    for (int t = 0; t < row.length; t++) {
      row[t] = trained[t] ? file.get("inputs").get(key).get(s).get(t).floatValue() : Float.NaN;
    }
    return row;
  }

  private float[][] rows(String key) {
    List<TrainingSample> samples = samples();
    float[][] rows = new float[samples.size()][];
    Arrays.setAll(rows, s -> row(key, s, samples.get(s).trained()));
    return rows;
  }

  /** The objective at the file's logprobs. */
  PolicyObjective.Result evaluate() {
    PolicyObjective objective = objective();
    Objective settings = settings();
    List<TrainingSample> samples = samples();
    double[] perSample =
        reduction()
            .weights(
                samples.stream().mapToInt(TrainingSample::trainedTokens).toArray(),
                samples.stream().mapToInt(TrainingSample::group).toArray());
    float[][] old = rows("old");
    Optional<TokenRule> rule = settings.tokenRule();
    ModelScores scores = new ModelScores(rows("logprobs"), rows("entropies"));
    boolean[][] marks =
        rule.map(
                r ->
                    TokenMarks.of(
                        r,
                        new UpdateBatch(samples, null, old, null),
                        scores,
                        objective.policyLoss()))
            .orElse(null);
    return objective.evaluate(tokens(samples, perSample, old, marks, settings));
  }

  private PolicyTokens tokens(
      List<TrainingSample> samples,
      double[] perSample,
      float[][] old,
      boolean[][] marks,
      Objective settings) {
    int n = samples.stream().mapToInt(TrainingSample::trainedTokens).sum();
    boolean withKl = golden.get("kl").has("coefficient");
    float[][] columns = new float[6][n];
    int[] sequences = new int[n];
    PolicyTokens.Weights weights =
        new PolicyTokens.Weights(new double[n], new double[n], new double[n], new double[n]);
    double entropyMass = 0;
    int next = 0;
    for (int s = 0; s < samples.size(); s++) {
      TrainingSample sample = samples.get(s);
      boolean[] trained = sample.trained();
      int row = s;
      double[] corrections =
          Objectives.correction(settings.offPolicy())
              .map(c -> c.weights(old[row], sample.logprobs(), trained))
              .orElse(null);
      for (int t = 0; t < trained.length; t++) {
        if (!trained[t]) {
          continue;
        }
        String[] keys = {"logprobs", "old", "sampled", "reference", "entropies"};
        for (int k = 0; k < keys.length; k++) {
          columns[k][next] = row(keys[k], s, trained)[t];
        }
        columns[5][next] = sample.advantages()[t];
        sequences[next] = s;
        weights.loss()[next] = perSample[s];
        weights.policy()[next] = corrections == null ? 1 : corrections[t];
        weights.entropy()[next] = 1;
        if (marks != null) {
          TokenRule rule = settings.tokenRule().orElseThrow();
          weights.policy()[next] *= rule.policyWeight(marks[s][t]);
          weights.penalty()[next] = rule.penalty(marks[s][t]);
          weights.entropy()[next] = rule.entropyWeight(marks[s][t]);
        }
        entropyMass += weights.entropy()[next];
        next++;
      }
    }
    for (int i = 0; i < n; i++) {
      weights.entropy()[i] /= entropyMass;
    }
    return new PolicyTokens(
        columns[0],
        columns[1],
        columns[2],
        withKl ? columns[3] : null,
        columns[4],
        columns[5],
        sequences,
        weights);
  }
}
