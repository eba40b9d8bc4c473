package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.checkpoints.ReplacedDirectory;
import io.whetstone.generation.Completion;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.models.HeadInput;
import io.whetstone.rewards.models.HeadProvider;
import io.whetstone.rewards.models.HiddenStates;
import io.whetstone.rewards.models.LabelledText;
import io.whetstone.rewards.models.Scorable;
import io.whetstone.tensor.Tensor;
import io.whetstone.trainer.config.RewardModel;
import io.whetstone.trainer.rollout.ScoredRollout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Fits a head to what completions look like, from without or within, in one step.
 *
 * <pre>
 * tasks → groups of rollouts → right or wrong → held-out tasks | tasks to stop by | tasks to learn from
 *   → the head → tested on what was held out, and left under its name for later stages
 * </pre>
 *
 * <p>Nothing of it is in a checkpoint: before the step there is nothing, and after it the head is
 * in its directory.
 */
final class HeadLoop implements StageLoop {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final RewardModel settings;
  private final HeadProvider provider;
  private final OwnRollouts rollouts;
  private final Policy policy;
  private final Path directory;
  private final long seed;

  /**
   * @param policy whose hidden states the head may look at
   * @param directory where the head is left
   * @param seed of its first weights and of the order of its examples
   */
  HeadLoop(
      RewardModel settings,
      HeadProvider provider,
      OwnRollouts rollouts,
      Policy policy,
      Path directory,
      long seed) {
    this.settings = settings;
    this.provider = provider;
    this.rollouts = rollouts;
    this.policy = policy;
    this.directory = directory;
    this.seed = seed;
  }

  @Override
  public int steps() {
    return 1;
  }

  @Override
  public StepReport step(int step) throws InterruptedException {
    Timer timer = new Timer();
    Map<String, Double> metrics = new LinkedHashMap<>();
    Collected drawn =
        rollouts.draw(settings.tasksPerRound().orElseThrow(), step, 0, timer, metrics);
    if (!settings.head().features().hidden()) {
      return fit(drawn, Optional.empty(), timer, metrics);
    }
    try (HiddenStates states =
        HiddenStates.copy(
            policy.model(), policy.tokenizer(), settings.optimization().microBatchTokens())) {
      return fit(drawn, Optional.of(states), timer, metrics);
    }
  }

  private StepReport fit(
      Collected drawn, Optional<HiddenStates> states, Timer timer, Map<String, Double> metrics) {
    List<List<LabelledText>> groups =
        drawn.all().stream().map(group -> examples(group, states)).toList();
    // A group's completions stay together. What training is stopped by says too well of it.
    int kept = (int) Math.ceil(settings.heldOut() * groups.size());
    List<LabelledText> heldOut = part(groups, 0, kept);
    List<LabelledText> stopBy = part(groups, kept, 2 * kept);
    List<LabelledText> training = part(groups, 2 * kept, groups.size());
    if (heldOut.isEmpty() || stopBy.isEmpty() || training.isEmpty()) {
      throw new StoppedStepException(
          new EmptyRoundException(
              "%s: %d examples to learn from, %d to stop by and %d to test on; draw for more tasks, or lower held-out"
                  .formatted(settings.label(), training.size(), stopBy.size(), heldOut.size())),
          StepReport.untrained(drawn));
    }
    HeadProvider.Trained trained =
        provider.train(
            new HeadProvider.Training(
                settings.head(),
                settings.optimization().learningRate(),
                settings.batch(),
                settings.steps(),
                seed),
            training,
            stopBy);
    timer.lap("train");
    metrics.put("reward-model/examples", (double) training.size());
    metrics.put("reward-model/epochs", (double) trained.epochs());
    metrics.put("reward-model/best-epoch", (double) trained.bestEpoch());
    metrics.put("reward-model/stop-loss", trained.loss());
    Map<String, Double> report = trained.head().test(heldOut);
    report.forEach((key, value) -> metrics.put("reward-model/held-out/completions/" + key, value));
    timer.lap("test");
    leave(trained, states, report);
    timer.into(metrics, drawn.tokens());
    return StepReport.drawn(metrics, drawn, drawn.unused());
  }

  private static List<LabelledText> part(List<List<LabelledText>> groups, int from, int to) {
    int size = groups.size();
    return groups.subList(Math.min(from, size), Math.min(to, size)).stream()
        .flatMap(List::stream)
        .toList();
  }

  /** Those of which the verifier can tell whether they are right. */
  private List<LabelledText> examples(ScoredRollout group, Optional<HiddenStates> states) {
    List<Score> scores = group.scores().scores().get(settings.rollouts().orElseThrow().solvedBy());
    List<Completion> completions = new ArrayList<>();
    List<Boolean> right = new ArrayList<>();
    for (int i = 0; i < scores.size(); i++) {
      if (scores.get(i).value().isPresent()) {
        completions.add(group.rollout().completions().get(i));
        right.add(scores.get(i).outcome() == Outcome.CORRECT);
      }
    }
    float[][] hidden =
        states.isPresent()
            ? hidden(states.get(), group.rollout().prompt(), completions)
            : new float[completions.size()][0];
    List<LabelledText> examples = new ArrayList<>();
    for (int i = 0; i < completions.size(); i++) {
      examples.add(
          new LabelledText(new HeadInput(completions.get(i).text(), hidden[i]), right.get(i)));
    }
    return examples;
  }

  private float[][] hidden(HiddenStates states, int[] prompt, List<Completion> completions) {
    int pad = policy.tokenizer().pad().orElse(-1);
    return states.of(
        completions.stream()
            .map(completion -> Scorable.outcome(prompt, completion.ids(), pad))
            .toList());
  }

  private void leave(
      HeadProvider.Trained trained, Optional<HiddenStates> states, Map<String, Double> report) {
    try {
      ReplacedDirectory.write(
          directory,
          aside -> {
            provider.leave(trained.head(), aside);
            if (states.isPresent()) {
              states.get().save(aside.resolve(HiddenStates.DIRECTORY));
            }
            Files.writeString(
                aside.resolve("report.json"),
                JSON.writeValueAsString(Map.of("reports", Map.of("completions", report))) + "\n");
          });
    } catch (IOException e) {
      throw new UncheckedIOException(directory + ": cannot be written: " + e.getMessage(), e);
    }
  }

  @Override
  public Map<String, Tensor> tensors() {
    return Map.of();
  }

  @Override
  public ObjectNode progress() {
    ObjectNode progress = JsonNodeFactory.instance.objectNode();
    rollouts.progress(progress);
    return progress;
  }

  @Override
  public void save(Path to) throws IOException {
    rollouts.save(to);
  }

  @Override
  public void restore(ObjectNode progress, Path from) throws IOException {
    rollouts.restore(progress, from);
  }

  @Override
  public void close() {}
}
