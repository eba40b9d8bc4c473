package io.whetstone.trainer.command;

import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.TaskSource;
import io.whetstone.generation.Sampler;
import io.whetstone.generation.SamplerLimits;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.tensor.Backend;
import io.whetstone.trainer.config.Decoding;
import io.whetstone.trainer.evaluation.Evaluated;
import io.whetstone.trainer.evaluation.Evaluator;
import io.whetstone.trainer.loop.Policy;
import io.whetstone.trainer.loop.StageData;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.Purpose;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Measures a model on tasks. */
@Command(
    name = "eval",
    description = {
      "Measures a model on held-out tasks: pass@1, pass@k, maj@k, format, thoughts, lengths.",
      "Prompt, decoding and seed are the model's run's, where it belongs to one."
    })
final class EvalCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(paramLabel = "MODEL", description = "A run, a checkpoint or a model's directory.")
  private String model;

  @Option(
      names = "--tasks",
      paramLabel = "T",
      required = true,
      description =
          "A configuration (its evaluation), a synthetic task's name (sums, chains, products,"
              + " countdown), or a file or directory of data (JSONL, Parquet, CSV, hf://…).")
  private String tasks;

  @Option(names = "--count", paramLabel = "N", description = "How many tasks (default: 512).")
  private Optional<Integer> count;

  @Option(
      names = "--samples",
      paramLabel = "K",
      description = "Completions a task, for pass@k and maj@k (default: 1).")
  private Optional<Integer> samples;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Decides what is held out and what is drawn (default: the run's, else 0).")
  private Optional<Long> seed;

  @Option(
      names = "--solved-by",
      paramLabel = "REWARD",
      description = "The reward that says what is right (default: accuracy).")
  private Optional<String> solvedBy;

  @Option(names = "--best", description = "A run's best checkpoint instead of its latest.")
  private boolean best;

  @Option(names = "--out", paramLabel = "F.jsonl", description = "Write a line a task.")
  private Optional<Path> out;

  @Option(names = "--json", description = "Print one JSON object instead of a table.")
  private boolean json;

  @Mixin private FieldOptions fields;
  @Mixin private DecodingOptions decoding;
  @Mixin private EngineOptions engine;

  EvalCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    ModelDirectory directory =
        ModelDirectory.find(model, best ? ModelDirectory.Which.BEST : ModelDirectory.Which.LATEST);
    EvaluationTarget target = EvaluationTarget.of(tasks, fields, directory.configuration());
    Decoding drawn = decoding.over(target.decoding());
    long key = seed.orElse(target.seed());
    int taskCount = atLeastOne("--count", count.orElse(target.count()));
    int k = atLeastOne("--samples", samples.orElse(target.samples()));
    String deciding = solvedBy.orElse(target.solvedBy());
    out.ifPresent(EvaluationReport::requireWritable);
    try (Dataset data = StageData.open(target.data(), Path.of(""), key);
        Backend backend = engine.open();
        Policy policy = directory.policy(backend, engine.compute(directory));
        Sampler sampler =
            new Sampler(
                policy.model(),
                policy.tokenizer(),
                SamplerLimits.of(
                    policy.model(),
                    (int) Math.min(SamplerLimits.DEFAULT_SEQUENCES, (long) taskCount * k)));
        RewardCatalog catalog = RewardCatalog.of(target.plugins());
        RewardPipeline rewards = target.rewards(deciding, catalog)) {
      directory.caution(policy.model()).ifPresent(console::note);
      TaskSource source = data.heldOut();
      if (source.size() == 0) {
        throw new UsageException(tasks + ": holds no held-out task; set its held-out");
      }
      Evaluator evaluator =
          new Evaluator(
              sampler,
              policy.tokenizer(),
              new PromptEncoder(
                  policy.tokenizer(), target.prompt(), policy.model().config().maxPositions()),
              rewards,
              deciding,
              Purpose.EVALUATION.key(key));
      console.note(
          "evaluating "
              + directory.model()
              + " on "
              + Math.min(taskCount, source.size())
              + " tasks");
      Evaluated evaluated;
      try (DrawingProgress progress =
          new DrawingProgress(console, "eval", InstantSource.system())) {
        sampler.watch(progress);
        evaluated = evaluator.evaluate(source, taskCount, k, drawn);
      }
      EvaluationReport report = new EvaluationReport(evaluated, deciding);
      (json ? report.json() : report.table()).forEach(console::result);
      if (out.isPresent()) {
        report.write(out.get());
      }
      return Whetstone.DONE;
    }
  }

  private static int atLeastOne(String option, int value) {
    if (value < 1) {
      throw new UsageException(option + ": " + value + " is not at least 1");
    }
    return value;
  }
}
