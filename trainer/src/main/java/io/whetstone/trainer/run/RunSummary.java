package io.whetstone.trainer.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.trainer.algorithm.Interval;
import io.whetstone.trainer.evaluation.EvaluationRound;
import io.whetstone.trainer.evaluation.Measured;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.function.ToDoubleFunction;

/**
 * How a run stands: {@code summary.json}. All keys are always there; what is not known yet, or was
 * not measured, is {@code null}.
 *
 * @param wallSeconds since the run began, over resumptions; build and downloads apart
 * @param stages those that began, in order
 * @param before held-out tasks before the reinforcement learning; null until measured
 * @param after the same after it; null until measured
 * @param logprobMismatchMax the largest |sampling − training logprob| seen, nats; NaN before any
 *     rollout was trained on
 * @param weightsSha256 of the final weights; null until there are any
 * @param error what ended the run; null unless it failed
 */
public record RunSummary(
    Status status,
    double wallSeconds,
    List<Stage> stages,
    EvaluationRound before,
    EvaluationRound after,
    double logprobMismatchMax,
    String weightsSha256,
    String error) {

  /** How the run stands. */
  public enum Status {
    RUNNING,
    DONE,
    FAILED,
    INTERRUPTED;

    /** As {@code summary.json} writes it. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * A stage so far.
   *
   * @param steps taken
   * @param wallSeconds over resumptions
   * @param completionTokens drawn, or trained on in supervised stages
   */
  public record Stage(String name, int steps, double wallSeconds, long completionTokens) {}

  private static final ObjectMapper JSON = new ObjectMapper();

  public RunSummary {
    stages = List.copyOf(stages);
  }

  /** Replaces the run's {@code summary.json}; readers see the old one or the new one. */
  public void write(RunDirectory run) {
    write(run, Machine.peakResidentBytes());
  }

  void write(RunDirectory run, OptionalLong peakResidentBytes) {
    write(run, json(peakResidentBytes), status != Status.RUNNING);
  }

  private static void write(RunDirectory run, ObjectNode json, boolean forced) {
    ReplacedFile.write(
        run.summary(),
        forced,
        out -> {
          out.write(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json));
          out.write('\n');
        });
  }

  /**
   * Says that a run failed before this process knew how it stood (an unreadable checkpoint, say):
   * what an earlier process told of it stays.
   */
  public static void failedBeforeBeginning(RunDirectory run, String error) {
    ObjectNode json;
    try {
      json = (ObjectNode) JSON.readTree(Files.readAllBytes(run.summary()));
    } catch (IOException | ClassCastException e) {
      json =
          new RunSummary(Status.FAILED, 0, List.of(), null, null, Double.NaN, null, error)
              .json(Machine.peakResidentBytes());
    }
    json.put("status", Status.FAILED.text());
    json.put("error", error);
    write(run, json, true);
  }

  /** The wall seconds that a run's summary tells of; 0 where there is none. */
  public static double wallSecondsSoFar(RunDirectory run) {
    if (!Files.exists(run.summary())) {
      return 0;
    }
    try {
      return JSON.readTree(Files.readAllBytes(run.summary())).path("wall-seconds").asDouble(0);
    } catch (IOException e) {
      throw RunException.mistake(
          run.summary() + ": cannot be read: " + RunException.reason(e) + "; delete it to go on",
          e);
    }
  }

  private ObjectNode json(OptionalLong peakResidentBytes) {
    ObjectNode json = JSON.createObjectNode();
    json.put("status", status.text());
    json.set("wall-seconds", number(rounded(wallSeconds)));
    json.put(
        "peak-rss-bytes",
        peakResidentBytes.isPresent() ? (Long) peakResidentBytes.getAsLong() : null);
    ArrayNode list = json.putArray("stages");
    for (Stage stage : stages) {
      ObjectNode node = list.addObject();
      node.put("name", stage.name());
      node.put("steps", stage.steps());
      node.set("wall-seconds", number(rounded(stage.wallSeconds())));
      node.set(
          "completion-tokens-per-second",
          number(rounded(stage.completionTokens() / stage.wallSeconds())));
      node.put("completion-tokens", stage.completionTokens());
    }
    both(json, "pass@1", round -> round.sampled().passAt1().estimate());
    json.set("pass@1-interval/before", interval(before));
    json.set("pass@1-interval/after", interval(after));
    both(json, "greedy", round -> estimate(round.greedy()));
    both(json, "thinks", round -> round.sampled().thinks());
    both(json, "accuracy-thinking", round -> round.sampled().accuracyThinking());
    both(json, "completion-length", round -> round.sampled().lengthMean());
    both(json, "think-length", round -> round.sampled().thoughtLengthMean());
    both(json, "longer-pass@1", round -> estimate(round.longer()));
    json.set("logprob-mismatch/max", number(logprobMismatchMax));
    json.put("verdict", before == null || after == null ? null : outcome());
    json.put("weights-sha256", weightsSha256);
    json.put("error", error);
    return json;
  }

  private String outcome() {
    return Verdict.Outcome.of(before, after).name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private void both(ObjectNode json, String key, ToDoubleFunction<EvaluationRound> figure) {
    json.set(key + "/before", number(before == null ? Double.NaN : figure.applyAsDouble(before)));
    json.set(key + "/after", number(after == null ? Double.NaN : figure.applyAsDouble(after)));
  }

  private static double estimate(Measured measured) {
    return measured == null ? Double.NaN : measured.passAt1().estimate();
  }

  private static JsonNode interval(EvaluationRound round) {
    if (round == null) {
      return JSON.nullNode();
    }
    Interval interval = round.sampled().passAt1();
    return JSON.createArrayNode().add(number(interval.low())).add(number(interval.high()));
  }

  /** Milliseconds are as much as a clock says of a run. */
  private static double rounded(double value) {
    return Double.isFinite(value) ? Math.round(value * 1000) / 1000.0 : Double.NaN;
  }

  private static JsonNode number(double value) {
    return Double.isFinite(value) ? JSON.getNodeFactory().numberNode(value) : JSON.nullNode();
  }
}
