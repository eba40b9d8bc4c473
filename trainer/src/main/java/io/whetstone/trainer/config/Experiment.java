package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * All that a run is made of, as read from a configuration file.
 *
 * @param name the run's name when {@code --run} gives none
 * @param seed keys every random number of the run
 * @param backend the engine's backend, by its provider's name
 * @param exact whether to insist on a backend that gives the same bits whatever shares the batch;
 *     left out: exact where the backend is
 * @param recomputeActivations whether training keeps of each layer only its input and computes the
 *     rest again in the backward pass: the same bits in a third more time, with a fraction of the
 *     activations' memory
 * @param offload what lies in the host's memory, on a backend whose device has its own: slower, the
 *     same bits
 * @param threads worker threads; 0 for all the processors the process may use
 * @param keepCheckpoints how many of the newest checkpoints stay; the best one stays besides
 * @param average keeps an average of the policy's weights; left out: none
 * @param promptTemplate how a task's prompt becomes the model's, in every stage and in evaluation
 * @param stages run one after another, each from the weights the one before it left
 * @param evaluation what is measured on held-out tasks; without it nothing is
 */
public record Experiment(
    @ResultNeutral String name,
    @Default(value = "0", source = "convention") long seed,
    @Default(value = "\"cpu\"", source = "runs everywhere") String backend,
    @Default(value = "\"f32\"", source = "the precision every backend has") Precision precision,
    Optional<Boolean> exact,
    @ResultNeutral @Default(value = "false", source = "faster, where the memory is there")
        boolean recomputeActivations,
    @ResultNeutral @Default(value = "[]", source = "faster, where the device has the memory")
        List<Offload> offload,
    @ResultNeutral @Default(value = "0", source = "all processors") int threads,
    @ResultNeutral @Default(value = "2", source = "docs/architecture.md, Run directory")
        int keepCheckpoints,
    Optional<Average> average,
    Model model,
    @Default(value = "{}", source = "chat where the model has a chat template, else plain")
        Prompt promptTemplate,
    List<Stage> stages,
    Optional<Evaluation> evaluation) {

  public Experiment {
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
      throw new IllegalArgumentException(
          "name: \""
              + name
              + "\" cannot name a directory; use letters, digits, \".\", \"_\" and \"-\"");
    }
    Range.atLeast("threads", threads, 0);
    Range.atLeast("keep-checkpoints", keepCheckpoints, 1);
    if (stages.isEmpty()) {
      throw new IllegalArgumentException(
          "stages: is empty; expected at least one of sft, grpo, dpo,"
              + " rejection-sampling, reward-weighted, reward-model");
    }
    stages = List.copyOf(stages);
    offload = List.copyOf(offload);
    if (exact.orElse(true) && model.lora().isPresent() && model.lora().get().dropout() > 0) {
      throw new IllegalArgumentException(
          "model.lora.dropout: "
              + model.lora().get().dropout()
              + ": with dropout the trainer's logprobs are not the sampler's; set exact: false, or"
              + " dropout: 0");
    }
    if (model.adapts()) {
      stages.forEach(Experiment::requireWholeReference);
    }
    Set<String> seen = new HashSet<>();
    if (evaluation.isPresent()
        && evaluation.get().tasks().isEmpty()
        && stages.stream().allMatch(stage -> stage.source().isEmpty())) {
      throw new IllegalArgumentException(
          "evaluation.tasks: no stage has tasks, so evaluation needs some of its own");
    }
    for (Stage stage : stages) {
      if (!seen.add(stage.label())) {
        throw new IllegalArgumentException(
            "stages: two are called " + stage.label() + "; give each a name of its own");
      }
    }
  }

  /** A mixture of two products B A is no product of that rank. */
  private static void requireWholeReference(Stage stage) {
    if (stage instanceof Grpo grpo && grpo.kl().refreshMix() < 1) {
      throw new IllegalArgumentException(
          grpo.label()
              + ".kl.refresh-mix: "
              + grpo.kl().refreshMix()
              + ": adapters cannot be mixed with earlier ones; leave refresh-mix at 1 with lora");
    }
  }

  /**
   * What evaluation draws tasks from: its own data, else those of the first stage that draws, else
   * those of the first stage that reads any.
   */
  public Optional<Data> evaluationTasks() {
    return evaluation.flatMap(
        settings ->
            settings
                .tasks()
                .or(() -> firstDrawing().map(Drawing::tasks))
                .or(() -> stages.stream().flatMap(stage -> stage.source().stream()).findFirst()));
  }

  /** What the first stage that draws from its policy draws and scores. */
  public Optional<Drawing> firstDrawing() {
    return stages.stream().flatMap(stage -> stage.drawing().stream()).findFirst();
  }
}
