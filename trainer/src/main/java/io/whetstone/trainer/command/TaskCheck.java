package io.whetstone.trainer.command;

import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.Task;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.config.Data;
import io.whetstone.trainer.config.Decoding;
import io.whetstone.trainer.config.Dpo;
import io.whetstone.trainer.config.Drawing;
import io.whetstone.trainer.config.DynamicSampling;
import io.whetstone.trainer.config.Evaluation;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.config.RejectionSampling;
import io.whetstone.trainer.config.RewardModel;
import io.whetstone.trainer.config.RewardWeighted;
import io.whetstone.trainer.config.Sft;
import io.whetstone.trainer.config.Stage;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.ThinkingBudgets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Checks the tasks that stages and evaluation draw for: prompts, how they are put, budgets. */
final class TaskCheck {
  private final DataAudit data;
  private final PromptEncoder prompts;
  private final Tokenizer tokenizer;
  private final Findings findings;
  private double promptTokens;

  TaskCheck(DataAudit data, PromptEncoder prompts, Tokenizer tokenizer, Findings findings) {
    this.data = data;
    this.prompts = prompts;
    this.tokenizer = tokenizer;
    this.findings = findings;
  }

  /** Mean tokens of a prompt, of the data whose prompts are longest. */
  double promptTokens() {
    return promptTokens;
  }

  /** What an evaluation uses, and that no stage may. */
  void heldOut(String where, Data asked, Evaluation evaluation) {
    Dataset dataset = data.open(where, asked);
    if (dataset == null) {
      return;
    }
    if (dataset.heldOut().size() == 0) {
      findings.problem(where + ": " + dataset.name() + " holds no task out; set its held-out");
    }
    List<Task> tasks = DataAudit.tasks(dataset.heldOut(), evaluation.count());
    data.holdOut(tasks.stream().limit(evaluation.count()).toList());
    prompts(where, tasks, evaluation.decoding().maxTokens());
  }

  /** A stage's tasks, as many as were looked at; empty where they cannot be used. */
  Optional<List<Task>> drawn(Stage stage, Drawing drawing) {
    String where = stage.label() + ".tasks";
    Dataset dataset = data.open(where, drawing.tasks());
    if (dataset == null) {
      return Optional.empty();
    }
    List<Task> tasks = DataAudit.tasks(dataset.training(), visited(stage));
    template(tasks);
    data.requireSome(where, dataset, tasks.size());
    data.requireNotHeldOut(where, tasks);
    prompts(where, tasks, drawing.decoding().maxTokens());
    return Optional.of(tasks);
  }

  /** Whether thoughts can be budgeted as asked. */
  void thinking(String where, Decoding decoding) {
    try {
      ThinkingBudgets.of(decoding, tokenizer);
    } catch (IllegalArgumentException e) {
      findings.problem(where + "." + e.getMessage());
    }
  }

  private void prompts(String where, List<Task> tasks, int room) {
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
    findings.refused(where, refused, tasks.size());
  }

  /** How a task becomes the model's text, and what it says for the assistant. */
  private void template(List<Task> tasks) {
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
}
