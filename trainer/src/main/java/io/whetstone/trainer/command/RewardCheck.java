package io.whetstone.trainer.command;

import io.whetstone.checkpoints.ClassifierModel;
import io.whetstone.datasets.Task;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.RewardPluginException;
import io.whetstone.rewards.models.HeadProvider;
import io.whetstone.rewards.models.ModelRewardProvider;
import io.whetstone.rewards.models.ModelSettings;
import io.whetstone.trainer.config.Drawing;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.RewardEntry;
import io.whetstone.trainer.config.RewardModel;
import io.whetstone.trainer.config.Stage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Checks rewards: that they can be made, and read every task's answer. */
final class RewardCheck {
  private final Experiment experiment;
  private final Findings findings;

  RewardCheck(Experiment experiment, Findings findings) {
    this.experiment = experiment;
    this.findings = findings;
  }

  /** Those of a stage, on its tasks. */
  void check(Stage stage, Drawing drawing, List<Task> tasks) throws InterruptedException {
    String where = stage.label() + ".rewards";
    try (RewardCatalog catalog =
        RewardCatalog.of(drawing.rewardPlugins())
            .with(new ModelRewardProvider(settings -> modelReward(stage, settings)))) {
      for (RewardEntry entry : drawing.rewards()) {
        Reward reward = findings.attempt(where, () -> entry.make(catalog));
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
        findings.refused(where + "." + entry.name(), refused, tasks.size());
      }
    } catch (RuntimeException | IOException e) {
      findings.problem(where + ": " + e.getMessage());
    }
  }

  /** What an evaluation counts by. */
  void solvedBy(String reward) {
    Optional<Drawing> drawing = experiment.firstDrawing();
    List<RewardEntry> listed = drawing.map(Drawing::rewards).orElse(List.of());
    try (RewardCatalog catalog = RewardCatalog.of(drawing.flatMap(Drawing::rewardPlugins))) {
      Reward made =
          findings.attempt(
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
    settings.path().ifPresent(RewardCheck::rewardModel);
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
}
