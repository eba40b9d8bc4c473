package io.whetstone.trainer.command;

import io.whetstone.datasets.Task;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.WeightShapes;
import io.whetstone.rewards.models.HeadProvider;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.DeviceRoom;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.config.Drawing;
import io.whetstone.trainer.config.Evaluation;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.RewardModel;
import io.whetstone.trainer.config.Sft;
import io.whetstone.trainer.config.Stage;
import io.whetstone.trainer.loop.BaseModel;
import io.whetstone.trainer.loop.RewardModelStart;
import io.whetstone.trainer.loop.Training;
import io.whetstone.trainer.rollout.PromptEncoder;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Everything about an experiment that can be checked without training. */
final class ConfigurationCheck {
  private final Experiment experiment;
  private final Findings findings;
  private final boolean timed;

  /** Whether the backend can be had. */
  private boolean runs;

  private Optional<DeviceRoom> device = Optional.empty();
  private String plan = "";
  private Optional<DiskEstimate> disk = Optional.empty();

  /**
   * @param timed whether to measure how long steps will take, in about ten seconds
   */
  ConfigurationCheck(Experiment experiment, Findings findings, boolean timed) {
    this.timed = timed;
    this.experiment = experiment;
    this.findings = findings;
  }

  void run() throws IOException, InterruptedException {
    findings.say(
        "stages", String.join(" → ", experiment.stages().stream().map(Stage::label).toList()));
    engine();
    try (Tokenizer tokenizer =
        findings.attempt("model", () -> ModelOutline.tokenizer(experiment))) {
      if (tokenizer == null) {
        return;
      }
      ModelConfig config =
          findings.attempt("model", () -> ModelOutline.shape(experiment, tokenizer));
      if (config == null) {
        return;
      }
      findings.say("model", ModelOutline.describe(config));
      ModelOutline model = findings.attempt("model", () -> ModelOutline.of(experiment, config));
      List<StageLoad> loads = data(config.maxPositions(), tokenizer);
      if (model != null) {
        model.adapters().ifPresent(adapters -> findings.say("adapters", adapters));
        cost(model, loads);
        disk = Optional.of(DiskEstimate.of(experiment, config, model.lora()));
      }
    }
  }

  /** What memory the run will take, in a sentence; empty where that could not be said. */
  String plan() {
    return plan;
  }

  /** What room the run's checkpoints will take; empty where that could not be said. */
  Optional<DiskEstimate> disk() {
    return disk;
  }

  /** Opens the backend as the run will: what it lacks, and the room on its device. */
  private void engine() {
    try (Backend backend = Training.open(experiment)) {
      device = backend.deviceRoom();
      runs = true;
    } catch (IllegalArgumentException e) {
      findings.problem(e.getMessage());
    }
  }

  /**
   * Data, prompts and rewards.
   *
   * @return what the stages' steps are then known to be
   */
  private List<StageLoad> data(int positions, Tokenizer tokenizer)
      throws IOException, InterruptedException {
    PromptEncoder prompts;
    try {
      prompts = new PromptEncoder(tokenizer, experiment.promptTemplate(), positions);
    } catch (IllegalArgumentException e) {
      findings.problem(e.getMessage());
      return loads(0, 0);
    }
    try (DataAudit data = new DataAudit(experiment, prompts, findings)) {
      TaskCheck tasks = new TaskCheck(data, prompts, tokenizer, findings);
      DemonstrationCheck demonstrations =
          new DemonstrationCheck(data, prompts, tokenizer, positions, findings);
      RewardCheck rewards = new RewardCheck(experiment, findings);
      experiment.evaluation().ifPresent(evaluation -> evaluation(evaluation, tasks, rewards));
      for (Stage stage : experiment.stages()) {
        stage(stage, tasks, demonstrations, rewards);
      }
      return loads(tasks.promptTokens(), demonstrations.tokens());
    }
  }

  private void evaluation(Evaluation evaluation, TaskCheck tasks, RewardCheck rewards) {
    tasks.thinking("evaluation", evaluation.decoding());
    tasks.heldOut("evaluation.tasks", experiment.evaluationTasks().orElseThrow(), evaluation);
    rewards.solvedBy(evaluation.solvedBy());
    evaluation.longer().ifPresent(longer -> tasks.heldOut("evaluation.longer", longer, evaluation));
  }

  private void stage(
      Stage stage, TaskCheck tasks, DemonstrationCheck demonstrations, RewardCheck rewards)
      throws InterruptedException {
    if (stage instanceof Sft sft) {
      demonstrations.check(sft);
    }
    if (stage instanceof RewardModel trained && trained.headProvider().isPresent()) {
      findings.attempt(
          stage.label() + ".kind", () -> HeadProvider.named(trained.headProvider().get()));
    }
    if (stage instanceof RewardModel trained && trained.from().isPresent()) {
      findings.attempt(stage.label(), () -> RewardModelStart.of(trained.from().get()));
    }
    if (stage.drawing().isPresent()) {
      Drawing drawing = stage.drawing().get();
      tasks.thinking(stage.label(), drawing.decoding());
      Optional<List<Task>> drawn = tasks.drawn(stage, drawing);
      if (drawn.isPresent()) {
        rewards.check(stage, drawing, drawn.get());
      }
    }
  }

  private List<StageLoad> loads(double promptTokens, double demonstrationTokens) {
    return experiment.stages().stream()
        .map(stage -> StageLoad.of(stage, promptTokens, demonstrationTokens))
        .toList();
  }

  /** Memory, and time where it is to be measured. */
  private void cost(ModelOutline model, List<StageLoad> loads) {
    MemoryEstimate memory =
        new MemoryEstimate(experiment, model.config(), model.lora(), model.frozen(), loads, device);
    memory.report(findings);
    plan = memory.sentence();
    DType compute = experiment.precision().compute();
    experiment
        .model()
        .path()
        .flatMap(path -> BaseModel.adapter(experiment, path))
        .flatMap(
            there ->
                there.caution(WeightShapes.held(model.config(), compute, model.frozen()).types()))
        .ifPresent(findings::caution);
    if (timed
        && runs
        && memory.fits(StepTime.bytes(model.config()))
        && loads.stream().anyMatch(StageLoad::known)) {
      try (StepTime time =
          new StepTime(
              experiment,
              model.config(),
              model.lora(),
              model.frozen(),
              loads,
              experiment.stages().getFirst().optimization())) {
        time.report(loads, findings);
      }
    }
  }
}
