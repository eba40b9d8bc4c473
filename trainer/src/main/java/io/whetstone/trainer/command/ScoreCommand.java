package io.whetstone.trainer.command;

import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.rewards.ScoreFile;
import io.whetstone.rewards.WeightedReward;
import io.whetstone.trainer.config.Configuration;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.config.Stage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
      split = ",",
      description = "A configuration, whose grpo stage's rewards are taken, or names of rewards.")
  private List<String> rewards;

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

  ScoreCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Optional<Grpo> configured =
        rewards.size() == 1 && isConfiguration(rewards.getFirst())
            ? Optional.of(grpo(Path.of(rewards.getFirst())))
            : Optional.empty();
    Optional<Path> directory = plugins.or(() -> configured.flatMap(Grpo::rewardPlugins));
    try (RewardCatalog catalog = RewardCatalog.of(directory);
        RewardPipeline pipeline =
            new RewardPipeline(
                configured.map(g -> configured(g, catalog)).orElseGet(() -> named(catalog)),
                Runtime.getRuntime().availableProcessors());
        InputStream in = InputFile.open(file)) {
      ScoreFile scorer = new ScoreFile(pipeline);
      long scored = scorer.score(InputFile.name(file), in, console::result);
      console.note("scored " + scored + (scored == 1 ? " completion" : " completions"));
      return Whetstone.DONE;
    }
  }

  private static boolean isConfiguration(String name) {
    return name.endsWith(".yaml") || name.endsWith(".yml") || Files.isRegularFile(Path.of(name));
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

  private static List<WeightedReward> configured(Grpo grpo, RewardCatalog catalog) {
    return grpo.rewards().stream().map(entry -> entry.weighted(catalog)).toList();
  }

  private List<WeightedReward> named(RewardCatalog catalog) {
    return rewards.stream()
        .map(name -> new WeightedReward(name, catalog.create(name, Map.of()), 1))
        .toList();
  }
}
