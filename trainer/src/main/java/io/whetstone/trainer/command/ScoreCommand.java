package io.whetstone.trainer.command;

import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.rewards.ScoreFile;
import io.whetstone.trainer.config.Configuration;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.config.RewardEntry;
import io.whetstone.trainer.config.RewardList;
import io.whetstone.trainer.config.Stage;
import io.whetstone.trainer.loop.RewardModels;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Scores stored completions. */
@Command(
    name = "score",
    description = {
      "Scores stored completions.",
      "Each line has prompt, completion and what the rewards need (answer, …); each line of the"
          + " result is {\"rewards\": {NAME: x}, \"outcomes\": {…}, \"extracted\": {…}}."
    })
final class ScoreCommand implements Callable<Integer> {
  private final Console console;

  @Option(
      names = "--rewards",
      paramLabel = "CONFIG|NAME",
      required = true,
      description = {
        "A configuration, whose grpo stage's rewards are taken; a file with rewards: alone; names"
            + " of rewards (a,b); or rewards as a configuration has them, '[a, {length-budget:"
            + " {budget: 100}}]'."
      })
  private String rewards;

  @Option(
      names = "--stage",
      paramLabel = "NAME",
      description = "Which grpo stage of the configuration (default: the first).")
  private Optional<String> stage;

  @Option(
      names = "--file",
      paramLabel = "F.jsonl",
      required = true,
      description = "The lines; - for standard input.")
  private String file;

  @Option(
      names = "--plugins",
      paramLabel = "DIR",
      description = "Directory of jars with further rewards.")
  private Optional<Path> plugins;

  @Option(
      names = "--explain",
      description = "Add to each line the notes of the rewards and their total.")
  private boolean explain;

  ScoreCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    RewardList asked = asked();
    try (RewardModels models = RewardModels.ofTexts(Path.of(""));
        RewardCatalog catalog =
            RewardCatalog.of(plugins.or(asked::rewardPlugins)).with(models.provider());
        RewardPipeline pipeline =
            new RewardPipeline(
                asked.rewards().stream().map(entry -> entry.weighted(catalog)).toList(),
                Runtime.getRuntime().availableProcessors());
        InputStream in = InputFile.open(file)) {
      pipeline.preflight();
      ScoreFile scorer = new ScoreFile(pipeline, explain);
      long scored = scorer.score(InputFile.name(file), in, console::result);
      console.note("scored " + scored + (scored == 1 ? " completion" : " completions"));
      return Whetstone.DONE;
    }
  }

  private RewardList asked() {
    if (rewards.strip().startsWith("[") || rewards.strip().startsWith("{")) {
      return RewardList.parse(rewards);
    }
    boolean isFile =
        rewards.endsWith(".yaml")
            || rewards.endsWith(".yml")
            || Files.isRegularFile(Path.of(rewards));
    if (isFile) {
      Path path = Path.of(rewards);
      return RewardList.load(path).orElseGet(() -> RewardList.of(grpo(path)));
    }
    return new RewardList(
        Arrays.stream(rewards.split(",")).map(name -> RewardEntry.of(name.strip())).toList(),
        Optional.empty());
  }

  private Grpo grpo(Path configuration) {
    List<String> others = new ArrayList<>();
    for (Stage candidate : Configuration.load(configuration, List.of()).experiment().stages()) {
      if (candidate instanceof Grpo grpo) {
        if (stage.isEmpty() || stage.get().equals(grpo.label())) {
          return grpo;
        }
        others.add(grpo.label());
      }
    }
    throw new UsageException(
        configuration
            + ": has no grpo stage"
            + stage.map(name -> " called " + name + "; there is: " + others).orElse(""));
  }
}
