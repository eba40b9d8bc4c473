package io.whetstone.trainer.loop;

import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.DatasetSummary;
import io.whetstone.generation.Sampler;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.rewards.ScoreRecord;
import io.whetstone.rewards.WeightedReward;
import io.whetstone.trainer.config.Data;
import io.whetstone.trainer.config.Dpo;
import io.whetstone.trainer.config.Drawing;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.config.RejectionSampling;
import io.whetstone.trainer.config.RewardEntry;
import io.whetstone.trainer.config.RewardWeighted;
import io.whetstone.trainer.config.Sft;
import io.whetstone.trainer.config.Stage;
import io.whetstone.trainer.config.TrainOn;
import io.whetstone.trainer.evaluation.EvaluationPlan;
import io.whetstone.trainer.evaluation.Evaluator;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.Purpose;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Makes a run's stages and its evaluation from the configuration; owns the data they read. */
final class StageFactory implements AutoCloseable {
  private final Experiment experiment;
  private final Policy policy;
  private final Sampler sampler;
  private final Path directory;
  private final ScoreRecord scores;
  private final Consumer<DatasetSummary> audits;
  private final PromptEncoder prompts;
  private final HeldOutGuard guard = new HeldOutGuard();
  private final Map<Data, Dataset> datasets = new HashMap<>();
  private final List<RewardPipeline> pipelines = new ArrayList<>();
  private final List<RewardCatalog> catalogs = new ArrayList<>();
  private final Optional<EvaluationPlan> evaluation;

  /**
   * @param directory what relative paths in the configuration start from
   * @param scores keeps scores that cannot be computed again
   * @param audits hears what was found when data were opened
   */
  StageFactory(
      Experiment experiment,
      Policy policy,
      Sampler sampler,
      Path directory,
      ScoreRecord scores,
      Consumer<DatasetSummary> audits) {
    this.scores = scores;
    this.audits = audits;
    this.experiment = experiment;
    this.policy = policy;
    this.sampler = sampler;
    this.directory = directory;
    this.prompts =
        new PromptEncoder(
            policy.tokenizer(),
            experiment.promptTemplate(),
            policy.model().config().maxPositions());
    this.evaluation = makeEvaluation();
  }

  /** What is measured during the run, if anything. */
  Optional<EvaluationPlan> evaluation() {
    return evaluation;
  }

  /** The data the configuration names, opened once. */
  Dataset dataset(Data data) {
    return datasets.computeIfAbsent(
        data,
        unused -> {
          Dataset opened =
              FittingDataset.of(StageData.open(data, directory, experiment.seed()), prompts);
          audits.accept(opened.summary());
          return opened;
        });
  }

  /** The loop of a stage. */
  StageLoop open(Stage stage, int index) {
    return switch (stage) {
      case Sft sft ->
          new SftLoop(
              sft,
              policy.model(),
              policy.tokenizer(),
              guard.watch(
                  dataset(sft.data())
                      .demonstrations()
                      .orElseThrow(
                          () ->
                              new IllegalArgumentException(
                                  sft.label()
                                      + ".data: "
                                      + dataset(sft.data()).name()
                                      + " has no demonstrations to learn from"))),
              prompts,
              experiment.seed(),
              index);
      case Grpo grpo ->
          new GrpoLoop(
              grpo,
              policy.model(),
              policy.tokenizer(),
              sampler,
              guard.watch(dataset(grpo.tasks()).training()),
              prompts,
              rewards(grpo.rewards(), grpo.rewardPlugins()),
              experiment.seed(),
              index);
      case RejectionSampling rejection ->
          new RejectionLoop(rejection, policy, draw(rejection.drawn(), index), key(index));
      case RewardWeighted weighted ->
          new RewardWeightedLoop(weighted, policy, draw(weighted.drawn(), index));
      case Dpo dpo ->
          new DpoLoop(
              dpo,
              policy,
              dpo.rollouts().map(drawing -> draw(drawing, index)),
              pairs(dpo),
              key(index));
    };
  }

  /** The key of the order in which a stage takes what it learns from. */
  private long key(int index) {
    return Purpose.DEMONSTRATION_ORDER.key(experiment.seed(), index);
  }

  private OwnRollouts draw(Drawing drawing, int index) {
    return new OwnRollouts(
        drawing,
        policy.tokenizer(),
        sampler,
        guard.watch(dataset(drawing.tasks()).training()),
        prompts,
        rewards(drawing.rewards(), drawing.rewardPlugins()),
        experiment.seed(),
        index);
  }

  private Optional<PairSource> pairs(Dpo dpo) {
    return dpo.pairs()
        .map(
            file ->
                new PairSource(
                    file,
                    directory,
                    guard,
                    new DemonstrationSamples(policy.tokenizer(), prompts, TrainOn.COMPLETION)));
  }

  private RewardPipeline rewards(List<RewardEntry> entries, Optional<Path> plugins) {
    return rewards(entries, catalog(plugins));
  }

  private RewardCatalog catalog(Optional<Path> plugins) {
    RewardCatalog catalog = RewardCatalog.of(plugins.map(directory::resolve));
    catalogs.add(catalog);
    return catalog;
  }

  private RewardPipeline rewards(List<RewardEntry> entries, RewardCatalog catalog) {
    List<WeightedReward> weighted = entries.stream().map(e -> e.weighted(catalog)).toList();
    RewardPipeline pipeline =
        new RewardPipeline(weighted, Runtime.getRuntime().availableProcessors(), scores);
    pipelines.add(pipeline);
    return pipeline;
  }

  private Optional<EvaluationPlan> makeEvaluation() {
    return experiment
        .evaluation()
        .map(
            settings -> {
              Dataset data = dataset(experiment.evaluationTasks().orElseThrow());
              if (data.heldOut().size() == 0) {
                throw new IllegalArgumentException(
                    "evaluation: "
                        + data.name()
                        + " holds no task out of training; set its held-out, or evaluation.tasks");
              }
              guard.protect(data.heldOut(), settings.count());
              Optional<Dataset> longer = settings.longer().map(this::dataset);
              longer.ifPresent(d -> guard.protect(d.heldOut(), settings.count()));
              Evaluator evaluator =
                  new Evaluator(
                      sampler,
                      policy.tokenizer(),
                      prompts,
                      evaluationRewards(settings.solvedBy()),
                      settings.solvedBy(),
                      Purpose.EVALUATION.key(experiment.seed()));
              return new EvaluationPlan(
                  evaluator, prompts, settings, data.heldOut(), longer.map(Dataset::heldOut));
            });
  }

  /** The deciding reward and the format: a judge that decides nothing is not asked. */
  private RewardPipeline evaluationRewards(String solvedBy) {
    List<RewardEntry> listed = experiment.firstDrawing().map(Drawing::rewards).orElse(List.of());
    RewardCatalog catalog = catalog(firstPlugins());
    return rewards(
        Stream.of(solvedBy, "format")
            .distinct()
            .map(name -> RewardEntry.evaluating(name, listed, catalog))
            .toList(),
        catalog);
  }

  private Optional<Path> firstPlugins() {
    return experiment.firstDrawing().flatMap(Drawing::rewardPlugins);
  }

  @Override
  public void close() {
    pipelines.forEach(RewardPipeline::close);
    for (RewardCatalog catalog : catalogs) {
      try {
        catalog.close();
      } catch (IOException e) {
        // A jar that was only read; nothing is lost with it.
      }
    }
    datasets.values().forEach(Dataset::close);
  }
}
