package io.whetstone.trainer.command;

import io.whetstone.checkpoints.ClassifierModel;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.Demonstration;
import io.whetstone.datasets.DemonstrationSource;
import io.whetstone.datasets.Task;
import io.whetstone.datasets.TaskSource;
import io.whetstone.datasets.settings.Names;
import io.whetstone.model.FrozenTypes;
import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.WeightShapes;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.RewardPluginException;
import io.whetstone.rewards.models.HeadProvider;
import io.whetstone.rewards.models.ModelRewardProvider;
import io.whetstone.rewards.models.ModelSettings;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.DeviceRoom;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.config.Data;
import io.whetstone.trainer.config.Decoding;
import io.whetstone.trainer.config.Dpo;
import io.whetstone.trainer.config.Drawing;
import io.whetstone.trainer.config.DynamicSampling;
import io.whetstone.trainer.config.Evaluation;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.FromScratch;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.config.Quantization;
import io.whetstone.trainer.config.RejectionSampling;
import io.whetstone.trainer.config.RewardEntry;
import io.whetstone.trainer.config.RewardModel;
import io.whetstone.trainer.config.RewardWeighted;
import io.whetstone.trainer.config.Sft;
import io.whetstone.trainer.config.Stage;
import io.whetstone.trainer.config.TooLong;
import io.whetstone.trainer.loop.BaseModel;
import io.whetstone.trainer.loop.DemonstrationSamples;
import io.whetstone.trainer.loop.FittingDataset;
import io.whetstone.trainer.loop.Policy;
import io.whetstone.trainer.loop.RewardModelStart;
import io.whetstone.trainer.loop.StageData;
import io.whetstone.trainer.loop.Training;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.ThinkingBudgets;
import io.whetstone.trainer.rollout.TrainingSample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Everything about an experiment that can be checked without training. */
final class ConfigurationCheck {
  /** Entries of a file that are looked at: all of most, within seconds. */
  private static final int AUDITED = 50_000;

  /** Entries of an endless source that are looked at, where so many are taken. */
  private static final int AUDITED_OF_ENDLESS = 2_000;

  private final Experiment experiment;
  private final Findings findings;
  private final Map<Data, Optional<Dataset>> opened = new HashMap<>();

  /** Prompts that evaluation uses. */
  private final Set<String> heldOut = new HashSet<>();

  private final boolean timed;

  /** Whether the backend can be had. */
  private boolean runs;

  private Optional<DeviceRoom> device = Optional.empty();
  private String plan = "";
  private Optional<DiskEstimate> disk = Optional.empty();

  /** Means, as far as data were looked at. */
  private double promptTokens;

  private double demonstrationTokens;

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
    try (Tokenizer tokenizer = attempt("model", this::tokenizer)) {
      if (tokenizer == null) {
        return;
      }
      ModelConfig model = attempt("model", () -> shape(tokenizer));
      if (model != null) {
        findings.say(
            "model",
            String.format(
                Locale.ROOT,
                "%,d parameters, %d tokens, %d positions",
                model.parameters(),
                model.vocabulary(),
                model.maxPositions()));
        Optional<Lora> lora = attempt("model", () -> adapters(model));
        check(model, tokenizer);
        if (lora != null) {
          lora.ifPresent(there -> findings.say("adapters", describe(there, model)));
          cost(model, lora);
          disk = Optional.of(DiskEstimate.of(experiment, model, lora));
        }
      }
    } finally {
      opened.values().forEach(data -> data.ifPresent(Dataset::close));
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

  private void check(ModelConfig model, Tokenizer tokenizer)
      throws IOException, InterruptedException {
    PromptEncoder prompts;
    try {
      prompts = new PromptEncoder(tokenizer, experiment.promptTemplate(), model.maxPositions());
    } catch (IllegalArgumentException e) {
      findings.problem(e.getMessage());
      return;
    }
    if (experiment.evaluation().isPresent()) {
      Evaluation evaluation = experiment.evaluation().get();
      thinking("evaluation", evaluation.decoding(), tokenizer);
      Data asked = experiment.evaluationTasks().orElseThrow();
      heldOut("evaluation.tasks", asked, evaluation, prompts);
      solvedBy(evaluation.solvedBy());
      evaluation
          .longer()
          .ifPresent(longer -> heldOut("evaluation.longer", longer, evaluation, prompts));
    }
    for (Stage stage : experiment.stages()) {
      if (stage instanceof Sft sft) {
        Dataset data = dataset(sft.label() + ".data", sft.data(), prompts);
        if (data != null) {
          demonstrations(sft, data, prompts, tokenizer, model.maxPositions());
        }
      }
      if (stage instanceof RewardModel trained && trained.headProvider().isPresent()) {
        attempt(stage.label() + ".kind", () -> HeadProvider.named(trained.headProvider().get()));
      }
      if (stage instanceof RewardModel trained && trained.from().isPresent()) {
        attempt(stage.label(), () -> RewardModelStart.of(trained.from().get()));
      }
      if (stage.drawing().isPresent()) {
        thinking(stage.label(), stage.drawing().get().decoding(), tokenizer);
        drawing(stage, stage.drawing().get(), prompts);
      }
    }
  }

  /** Memory, and time where it is to be measured. */
  private void cost(ModelConfig model, Optional<Lora> lora) {
    List<StageLoad> loads =
        experiment.stages().stream()
            .map(stage -> StageLoad.of(stage, promptTokens, demonstrationTokens))
            .toList();
    FrozenTypes frozen = attempt("model", () -> frozen(lora.isPresent()));
    FrozenTypes types = frozen == null ? FrozenTypes.NONE : frozen;
    DType compute = experiment.precision().compute();
    MemoryEstimate memory = new MemoryEstimate(experiment, model, lora, types, loads, device);
    memory.report(findings);
    plan = memory.sentence();
    experiment
        .model()
        .path()
        .flatMap(path -> BaseModel.adapter(experiment, path))
        .flatMap(there -> there.caution(WeightShapes.held(model, compute, types).types()))
        .ifPresent(findings::caution);
    if (timed
        && runs
        && memory.fits(StepTime.bytes(model))
        && loads.stream().anyMatch(StageLoad::known)) {
      try (StepTime time =
          new StepTime(
              experiment,
              model,
              lora,
              types,
              loads,
              experiment.stages().getFirst().optimization())) {
        time.report(loads, findings);
      }
    }
  }

  /** In which types weights are held that are not trained. */
  private FrozenTypes frozen(boolean adapted) {
    return experiment
        .model()
        .path()
        .filter(path -> adapted)
        .map(
            path ->
                HuggingFaceModel.frozen(
                    BaseModel.directory(Policy.directory(path)),
                    experiment.precision().compute(),
                    true,
                    experiment.model().quantize().map(Quantization::dtype)))
        .orElse(FrozenTypes.NONE);
  }

  /** How a task becomes the model's text, and what it says for the assistant. */
  private void template(PromptEncoder prompts, List<Task> tasks) {
    findings.say("prompt-template", prompts.form().description());
    if (tasks.isEmpty()) {
      return;
    }
    String prefix = prompts.assistantPrefix(tasks.getFirst());
    if (prefix.contains("</think>")) {
      findings.say(
          "", "it says \"" + shown(prefix) + "\" for the assistant: thinking is switched off");
    } else if (prefix.contains("<think>")) {
      findings.say(
          "",
          "it opens the thought, \""
              + shown(prefix)
              + "\": the model goes on with it, and rewards see it as said");
    } else if (!prefix.isEmpty()) {
      findings.say("", "answers begin with \"" + shown(prefix) + "\", which rewards see");
    }
    String text = prompts.text(tasks.getFirst());
    findings.say(
        "", "ends with \"…" + shown(text.substring(Math.max(0, text.length() - 60))) + "\"");
  }

  private static String shown(String text) {
    return text.replace("\n", "\\n");
  }

  private void thinking(String where, Decoding decoding, Tokenizer tokenizer) {
    try {
      ThinkingBudgets.of(decoding, tokenizer);
    } catch (IllegalArgumentException e) {
      findings.problem(where + "." + e.getMessage());
    }
  }

  private void drawing(Stage stage, Drawing drawing, PromptEncoder prompts)
      throws InterruptedException {
    String where = stage.label() + ".tasks";
    Dataset data = dataset(where, drawing.tasks(), prompts);
    if (data != null) {
      List<Task> tasks = tasks(data.training(), visited(stage));
      template(prompts, tasks);
      requireSome(where, data, tasks.size());
      requireNotHeldOut(where, tasks);
      prompts(where, tasks, prompts, drawing.decoding().maxTokens());
      rewards(stage, drawing, tasks);
    }
  }

  /** Later the run would have to stop at such a task, perhaps after hours. */
  private void requireNotHeldOut(String where, List<Task> tasks) {
    List<Task> shared = tasks.stream().filter(task -> heldOut.contains(task.prompt())).toList();
    if (!shared.isEmpty()) {
      findings.problem(
          where
              + ": "
              + shared.size()
              + " of "
              + tasks.size()
              + " prompts are among those that evaluation holds out, first: task "
              + shared.getFirst().id()
              + "; give both data that share no prompt, or the same data and held-out");
    }
  }

  private void requireSome(String where, Dataset data, int count) {
    if (count == 0) {
      findings.problem(
          where
              + ": "
              + data.name()
              + " is all held out, with nothing to train on; lower held-out");
    }
  }

  private void heldOut(String where, Data asked, Evaluation evaluation, PromptEncoder prompts) {
    Dataset data = dataset(where, asked, prompts);
    if (data == null) {
      return;
    }
    if (data.heldOut().size() == 0) {
      findings.problem(where + ": " + data.name() + " holds no task out; set its held-out");
    }
    List<Task> tasks = tasks(data.heldOut(), evaluation.count());
    tasks.stream().limit(evaluation.count()).forEach(task -> heldOut.add(task.prompt()));
    prompts(where, tasks, prompts, evaluation.decoding().maxTokens());
  }

  private void prompts(String where, List<Task> tasks, PromptEncoder prompts, int room) {
    Lengths lengths = new Lengths();
    List<String> refused = new ArrayList<>();
    for (Task task : tasks) {
      try {
        lengths.add(prompts.encode(task, room).length);
      } catch (IllegalArgumentException e) {
        refused.add(e.getMessage());
      }
    }
    promptTokens = Math.max(promptTokens, lengths.mean());
    findings.say(
        where, "prompts of " + lengths + " tokens, and up to " + room + " to complete them");
    refused(where, refused, tasks.size());
  }

  private void demonstrations(
      Sft sft, Dataset data, PromptEncoder prompts, Tokenizer tokenizer, int positions) {
    String where = sft.label() + ".data";
    Optional<DemonstrationSource> source = data.demonstrations();
    if (source.isEmpty()) {
      findings.problem(where + ": " + data.name() + " has no demonstrations to learn from");
      return;
    }
    DemonstrationSamples samples = new DemonstrationSamples(tokenizer, prompts, sft.trainOn());
    int longest = Math.min(positions, sft.maxLength().orElse(positions));
    long dropped = 0;
    long learned = 0;
    Lengths lengths = new Lengths();
    List<String> refused = new ArrayList<>();
    if (sft.epochs().isPresent() && source.get().size() == Long.MAX_VALUE) {
      findings.problem(sft.label() + ".epochs: the data are endless; give steps instead");
    }
    long visited = sft.steps().map(steps -> (long) steps * sft.batch()).orElse(Long.MAX_VALUE);
    int count = audited(source.get().size(), visited);
    requireSome(where, data, count);
    List<Task> tasks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      try {
        Demonstration demonstration = source.get().demonstration(i);
        tasks.add(demonstration.task());
        TrainingSample sample = samples.of(demonstration, 0);
        int length = sample.prompt().length + sample.ids().length;
        if (length > longest && sft.tooLong() == TooLong.STOP) {
          refused.add(
              "task %s: %d tokens, and max-length is %d"
                  .formatted(demonstration.task().id(), length, longest));
        }
        dropped += length > longest && sft.tooLong() == TooLong.DROP ? 1 : 0;
        lengths.add(length);
        learned += sample.trainedTokens();
      } catch (IllegalArgumentException | io.whetstone.tokenizer.TokenizerException e) {
        refused.add(e.getMessage());
      }
    }
    findings.say(
        where,
        "demonstrations of "
            + lengths
            + " tokens, of which "
            + Names.kebab(sft.trainOn().name())
            + String.format(Locale.ROOT, " trains %.0f %%", 100.0 * learned / lengths.sum)
            + (dropped > 0 ? "; " + dropped + " longer than " + longest + " are left out" : ""));
    demonstrationTokens = Math.max(demonstrationTokens, lengths.mean());
    requireNotHeldOut(where, tasks);
    refused(where, refused, count);
  }

  private void refused(String where, List<String> refused, int of) {
    if (!refused.isEmpty()) {
      findings.problem(
          where
              + ": "
              + refused.size()
              + " of "
              + of
              + " are refused, first: "
              + refused.getFirst());
    }
  }

  private void solvedBy(String reward) {
    Optional<Drawing> drawing = experiment.firstDrawing();
    List<RewardEntry> listed = drawing.map(Drawing::rewards).orElse(List.of());
    try (RewardCatalog catalog = RewardCatalog.of(drawing.flatMap(Drawing::rewardPlugins))) {
      Reward made =
          attempt(
              "evaluation.solved-by",
              () -> RewardEntry.evaluating(reward, listed, catalog).make(catalog));
      if (made != null) {
        made.close();
      }
    } catch (RewardPluginException | IOException e) {
      // The stage that names the plugins complains about them.
    }
  }

  /** Looks for a reward model without loading it: an earlier stage's is not trained yet. */
  private Reward modelReward(Stage asking, ModelSettings settings) {
    List<String> before =
        experiment.stages().stream()
            .takeWhile(stage -> stage != asking)
            .filter(RewardModel.class::isInstance)
            .map(Stage::label)
            .toList();
    settings
        .name()
        .filter(name -> !before.contains(name))
        .ifPresent(
            name -> {
              throw new IllegalArgumentException(
                  "name: "
                      + name
                      + " is no reward-model stage before this one; there is: "
                      + (before.isEmpty() ? "none" : String.join(", ", before)));
            });
    settings.path().ifPresent(ConfigurationCheck::rewardModel);
    return group -> {
      throw new IllegalStateException("is only looked at, not asked");
    };
  }

  private static void rewardModel(Path directory) {
    Optional<String> head = HeadProvider.of(directory);
    if (head.isPresent()) {
      HeadProvider.named(head.get());
    } else {
      ClassifierModel.config(directory);
    }
  }

  private void rewards(Stage stage, Drawing drawing, List<Task> tasks) throws InterruptedException {
    String where = stage.label() + ".rewards";
    try (RewardCatalog catalog =
        RewardCatalog.of(drawing.rewardPlugins())
            .with(new ModelRewardProvider(settings -> modelReward(stage, settings)))) {
      for (RewardEntry entry : drawing.rewards()) {
        Reward reward = attempt(where, () -> entry.make(catalog));
        if (reward == null) {
          continue;
        }
        List<String> refused = new ArrayList<>();
        for (Task task : tasks) {
          try {
            reward.check(task);
          } catch (RuntimeException e) {
            refused.add("task " + task.id() + ": " + e.getMessage());
          }
        }
        try {
          reward.preflight();
        } catch (IllegalArgumentException e) {
          findings.problem(where + "." + entry.name() + "." + e.getMessage());
        }
        reward.close();
        findings.say(where, entry.name() + ", weight " + entry.terms().weight());
        refused(where + "." + entry.name(), refused, tasks.size());
      }
    } catch (RuntimeException | IOException e) {
      findings.problem(where + ": " + e.getMessage());
    }
  }

  private static int audited(long size, long visited) {
    return (int)
        (size == Long.MAX_VALUE ? Math.min(AUDITED_OF_ENDLESS, visited) : Math.min(AUDITED, size));
  }

  /** Tasks that a stage takes at most. */
  private static long visited(Stage stage) {
    return switch (stage) {
      case Sft _ -> 0;
      case Grpo grpo -> {
        DynamicSampling dynamic = grpo.dynamicSampling();
        double drawn = dynamic.enabled() ? dynamic.maxAttempts() * dynamic.overDraw() : 1;
        yield (long) Math.ceil(grpo.steps() * grpo.tasksPerStep() * drawn);
      }
      case RejectionSampling rejection -> (long) rejection.rounds() * rejection.tasksPerRound();
      case RewardWeighted weighted -> (long) weighted.steps() * weighted.tasksPerStep();
      case Dpo dpo -> (long) dpo.rounds() * dpo.tasksPerRound().orElse(0);
      case RewardModel model -> (long) model.rounds() * model.tasksPerRound().orElse(0);
    };
  }

  private static List<Task> tasks(TaskSource source, long visited) {
    List<Task> tasks = new ArrayList<>();
    int count = audited(source.size(), visited);
    for (int i = 0; i < count; i++) {
      tasks.add(source.task(i));
    }
    return tasks;
  }

  /** The data, read once; null where it cannot be used, which was then said. */
  private Dataset dataset(String where, Data data, PromptEncoder prompts) {
    if (!opened.containsKey(data)) {
      Dataset dataset =
          attempt(
              where,
              () ->
                  FittingDataset.of(StageData.open(data, Path.of(""), experiment.seed()), prompts));
      opened.put(data, Optional.ofNullable(dataset));
      if (dataset != null) {
        findings.say(where, dataset.summary().toString());
      }
    }
    return opened.get(data).orElse(null);
  }

  private Tokenizer tokenizer() {
    return experiment
        .model()
        .path()
        .map(path -> BaseModel.directory(Policy.directory(path)))
        .map(directory -> Policy.tokenizer(directory, HuggingFaceModel.config(directory)))
        .orElseGet(() -> Policy.tokenizer(fromScratch().vocabulary()));
  }

  private ModelConfig shape(Tokenizer tokenizer) {
    return experiment
        .model()
        .path()
        .map(path -> HuggingFaceModel.config(BaseModel.directory(Policy.directory(path))))
        .orElseGet(() -> Policy.shape(fromScratch(), tokenizer.size()));
  }

  private static String describe(Lora lora, ModelConfig model) {
    return String.format(
        Locale.ROOT,
        "%,d parameters are trained, of %d modules at rank %d; the model's are not",
        lora.parameters(model),
        lora.modules().size(),
        lora.rank());
  }

  /** What is trained in place of the model's weights, if anything. */
  private Optional<Lora> adapters(ModelConfig model) {
    return experiment.model().path().flatMap(path -> BaseModel.adapters(experiment, path, model));
  }

  private FromScratch fromScratch() {
    return experiment.model().fromScratch().orElseThrow();
  }

  /** The value, or null where it could not be had, which is then a problem. */
  private <T> T attempt(String where, java.util.function.Supplier<T> supplier) {
    try {
      return supplier.get();
    } catch (RuntimeException e) {
      findings.problem(where + ": " + e.getMessage());
      return null;
    }
  }

  /** Shortest, mean and longest. */
  private static final class Lengths {
    private long count;
    private long sum;
    private int least = Integer.MAX_VALUE;
    private int most;

    void add(int length) {
      count++;
      sum += length;
      least = Math.min(least, length);
      most = Math.max(most, length);
    }

    double mean() {
      return count == 0 ? 0 : sum / (double) count;
    }

    @Override
    public String toString() {
      return count == 0
          ? "no"
          : String.format(Locale.ROOT, "%d to %d (mean %.1f)", least, most, sum / (double) count);
    }
  }
}
