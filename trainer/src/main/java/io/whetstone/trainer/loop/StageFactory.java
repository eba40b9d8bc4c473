package io.whetstone.trainer.loop;

import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.DatasetSummary;
import io.whetstone.datasets.Task;
import io.whetstone.generation.Sampler;
import io.whetstone.model.Transformer;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.rewards.ScoreRecord;
import io.whetstone.rewards.WeightedReward;
import io.whetstone.rewards.models.CompletionIds;
import io.whetstone.rewards.models.HeadProvider;
import io.whetstone.rewards.models.ModelSettings;
import io.whetstone.rewards.models.RewardForm;
import io.whetstone.rewards.models.ScoreModel;
import io.whetstone.tensor.Backend;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.config.Data;
import io.whetstone.trainer.config.Dpo;
import io.whetstone.trainer.config.Drawing;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.config.PairsFile;
import io.whetstone.trainer.config.RejectionSampling;
import io.whetstone.trainer.config.RewardEntry;
import io.whetstone.trainer.config.RewardModel;
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
  private final RewardModels models;
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
   * @param named where reward-model stages leave what they train
   * @param audits hears what was found when data were opened
   */
  StageFactory(
      Experiment experiment,
      Policy policy,
      Sampler sampler,
      Path directory,
      ScoreRecord scores,
      Path named,
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
    Backend backend = policy.model().backend();
    this.models =
        new RewardModels(
            () -> backend,
            policy.model().compute(),
            this::prompt,
            Optional.of(policy.tokenizer()),
            directory,
            named);
    this.evaluation = makeEvaluation();
  }

  /** The ids of a task's prompt as a reward model reads it. */
  private int[] prompt(Task task, Tokenizer tokenizer) {
    return prompts(tokenizer, Integer.MAX_VALUE).encode(task, 0);
  }

  /** What makes prompts by a model's tokenizer, which may be the policy's. */
  private PromptEncoder prompts(Tokenizer tokenizer, int maxPositions) {
    return tokenizer.sha256().equals(policy.tokenizer().sha256())
        ? prompts
        : new PromptEncoder(tokenizer, experiment.promptTemplate(), maxPositions);
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
              dpo.pairs().map(file -> pairs(file, policy.tokenizer(), prompts)),
              key(index));
      case RewardModel model when model.headProvider().isPresent() ->
          new HeadLoop(
              model,
              HeadProvider.named(model.headProvider().get()),
              draw(model.rollouts().orElseThrow(), index),
              policy,
              models.place(model.label()),
              Purpose.WEIGHTS.key(experiment.seed(), index));
      case RewardModel model -> rewardModel(model, index);
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

  private PairSource pairs(PairsFile file, Tokenizer tokenizer, PromptEncoder prompts) {
    return new PairSource(
        file, directory, guard, new DemonstrationSamples(tokenizer, prompts, TrainOn.COMPLETION));
  }

  private StageLoop rewardModel(RewardModel settings, int index) {
    ScoreModel model = start(settings, Purpose.WEIGHTS.key(experiment.seed(), index));
    try {
      return rewardModel(settings, model, index);
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /** What it begins as. */
  private ScoreModel start(RewardModel settings, long seed) {
    Transformer begun = policy.model();
    return settings
        .from()
        .map(
            from ->
                RewardModelStart.of(from)
                    .open(settings.form(), begun.backend(), begun.compute(), seed))
        .orElseGet(() -> ScoreModel.start(settings.form(), begun, policy.tokenizer(), seed));
  }

  private StageLoop rewardModel(RewardModel settings, ScoreModel model, int index) {
    PromptEncoder asked = prompts(model.tokenizer(), model.config().maxPositions());
    Optional<StepLabeler> labeler =
        settings
            .rollouts()
            .filter(unused -> settings.form().kind() == RewardForm.Kind.PROCESS)
            .map(
                drawing ->
                    new StepLabeler(
                        settings.labeling(),
                        settings.split(),
                        drawing,
                        policy.tokenizer(),
                        sampler,
                        prompts,
                        rewards(drawing.rewards(), drawing.rewardPlugins()),
                        Purpose.STEP_LABELS.key(experiment.seed(), index)));
    RewardExampleSource source =
        new RewardExampleSource(
            settings,
            new RewardExamples(
                settings,
                new CompletionIds(model.tokenizer(), Optional.of(policy.tokenizer())),
                asked,
                labeler),
            settings.rollouts().map(drawing -> draw(drawing, index)),
            settings.pairs().map(file -> pairs(file, model.tokenizer(), asked)),
            guard,
            directory);
    return new RewardModelLoop(settings, model, source, models.place(settings.label()), key(index));
  }

  /** What looks after a policy stage's reward models while it trains. */
  List<SeparationWatch> watches(Stage stage, int index) {
    List<SeparationWatch> watches = new ArrayList<>();
    if (stage.drawing().isEmpty()) {
      return watches;
    }
    Drawing drawing = stage.drawing().get();
    for (RewardEntry entry : drawing.rewards()) {
      Optional<ModelSettings.Watch> watch = entry.model().flatMap(ModelSettings::watch);
      if (watch.isPresent()) {
        Dataset data = dataset(drawing.tasks());
        if (data.heldOut().size() == 0) {
          throw new IllegalArgumentException(
              stage.label()
                  + ".rewards."
                  + entry.name()
                  + ".watch: "
                  + data.name()
                  + " holds no task out of training; set its held-out");
        }
        RewardEntry verifier =
            drawing.rewards().stream()
                .filter(e -> e.name().equals(drawing.solvedBy()))
                .findFirst()
                .orElse(RewardEntry.of(drawing.solvedBy()));
        watches.add(
            new SeparationWatch(
                entry.name(),
                watch.get(),
                drawing,
                policy.tokenizer(),
                sampler,
                data.heldOut(),
                prompts,
                rewards(List.of(verifier, entry), drawing.rewardPlugins()),
                Purpose.WATCH.key(experiment.seed(), index)));
      }
    }
    return watches;
  }

  /**
   * What rewards cost since this was last asked, by the keys of docs/metrics.md: reward models on
   * the engine, and every reward's calls.
   */
  void takeCost(Map<String, Double> metrics) {
    models.takeCost(metrics);
    for (RewardPipeline pipeline : pipelines) {
      pipeline
          .takeSeconds()
          .forEach((name, seconds) -> metrics.merge("time/reward/" + name, seconds, Double::sum));
    }
  }

  private RewardPipeline rewards(List<RewardEntry> entries, Optional<Path> plugins) {
    return rewards(entries, catalog(plugins));
  }

  private RewardCatalog catalog(Optional<Path> plugins) {
    RewardCatalog catalog =
        RewardCatalog.of(plugins.map(directory::resolve)).with(models.provider());
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
    models.close();
    datasets.values().forEach(Dataset::close);
  }
}
