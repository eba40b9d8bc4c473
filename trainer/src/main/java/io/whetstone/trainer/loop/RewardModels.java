package io.whetstone.trainer.loop;

import io.whetstone.checkpoints.CheckpointException;
import io.whetstone.datasets.Task;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.models.HeadProvider;
import io.whetstone.rewards.models.HeadReward;
import io.whetstone.rewards.models.HiddenStates;
import io.whetstone.rewards.models.LoadedModel;
import io.whetstone.rewards.models.ModelReward;
import io.whetstone.rewards.models.ModelRewardProvider;
import io.whetstone.rewards.models.ModelSettings;
import io.whetstone.rewards.models.ScoringCost;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/**
 * The reward models that rewards ask for: each directory loaded once, on the engine that samples.
 */
public final class RewardModels implements AutoCloseable {
  /** Tokens in one forward pass; without a backward pass little is kept of them. */
  private static final int ROW_BUDGET = 8192;

  private final Supplier<Backend> backend;
  private final DType compute;
  private final BiFunction<Task, Tokenizer, int[]> prompts;
  private final Optional<Tokenizer> policyTokenizer;
  private final Path directory;
  private final Path named;
  private final List<Backend> owned;
  private final Map<Path, LoadedModel> loaded = new HashMap<>();
  private final Map<Path, HiddenStates> within = new HashMap<>();

  /**
   * @param prompts the ids of a task's prompt by a model's tokenizer
   * @param policyTokenizer that of the completions' ids, where they have any
   * @param directory what relative paths start from
   * @param named where reward-model stages leave what they trained
   */
  public RewardModels(
      Supplier<Backend> backend,
      DType compute,
      BiFunction<Task, Tokenizer, int[]> prompts,
      Optional<Tokenizer> policyTokenizer,
      Path directory,
      Path named) {
    this(backend, compute, prompts, policyTokenizer, directory, named, List.of());
  }

  private RewardModels(
      Supplier<Backend> backend,
      DType compute,
      BiFunction<Task, Tokenizer, int[]> prompts,
      Optional<Tokenizer> policyTokenizer,
      Path directory,
      Path named,
      List<Backend> owned) {
    this.owned = owned;
    this.backend = backend;
    this.compute = compute;
    this.prompts = prompts;
    this.policyTokenizer = policyTokenizer;
    this.directory = directory;
    this.named = named;
  }

  /**
   * Models that score texts outside a run, on the cpu backend, which is opened when the first is
   * asked for: the prompt as it stands, then the completion.
   *
   * @param directory what relative paths start from
   */
  public static RewardModels ofTexts(Path directory) {
    List<Backend> opened = new ArrayList<>();
    return new RewardModels(
        () -> {
          if (opened.isEmpty()) {
            opened.add(Backends.open("cpu", 0));
          }
          return opened.getFirst();
        },
        DType.F32,
        (task, tokenizer) -> tokenizer.encodeFromStart(task.prompt()),
        Optional.empty(),
        directory,
        directory.resolve("reward-models"),
        opened);
  }

  /** Where a stage leaves its model. */
  Path place(String name) {
    return named.resolve(name);
  }

  /** The reward {@code model}. */
  public ModelRewardProvider provider() {
    return new ModelRewardProvider(
        settings -> {
          Path place = place(settings);
          Optional<String> head = HeadProvider.of(place);
          return head.isPresent()
              ? head(head.get(), place, settings)
              : new ModelReward(open(place), settings, prompts, policyTokenizer);
        });
  }

  private Reward head(String provider, Path place, ModelSettings settings) {
    try {
      Path model = place.resolve(HiddenStates.DIRECTORY);
      Optional<HeadReward.Inside> inside =
          Files.isDirectory(model)
              ? Optional.of(new HeadReward.Inside(states(model), prompts, policyTokenizer))
              : Optional.empty();
      return new HeadReward(HeadProvider.named(provider).load(place), settings, inside);
    } catch (IOException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private HiddenStates states(Path model) {
    try {
      return within.computeIfAbsent(
          model, p -> HiddenStates.load(p, backend.get(), compute, ROW_BUDGET));
    } catch (CheckpointException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private Path place(ModelSettings settings) {
    Path place =
        settings.path().map(directory::resolve).orElseGet(() -> place(settings.name().get()));
    if (!Files.isDirectory(place)) {
      throw new IllegalArgumentException(
          settings.name().isPresent()
              ? "name: "
                  + settings.name().get()
                  + " is no reward model of this run; a reward-model stage of that name must come"
                  + " before"
              : "path: " + place + " is not there");
    }
    return place;
  }

  private LoadedModel open(Path place) {
    try {
      return loaded.computeIfAbsent(
          place, p -> LoadedModel.open(p, backend.get(), compute, ROW_BUDGET));
    } catch (CheckpointException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /**
   * What scoring cost since this was last asked, by the keys of docs/metrics.md; nothing where no
   * model was asked.
   */
  void takeCost(Map<String, Double> metrics) {
    ScoringCost cost = ScoringCost.NONE;
    for (LoadedModel model : loaded.values()) {
      cost = cost.plus(model.cost().take());
    }
    for (HiddenStates states : within.values()) {
      cost = cost.plus(states.cost().take());
    }
    if (cost.computed() + cost.remembered() > 0) {
      metrics.put("time/reward-model", cost.seconds());
      metrics.put("system/reward-model-computed", (double) cost.computed());
      metrics.put("system/reward-model-remembered", (double) cost.remembered());
      metrics.put("system/reward-model-tokens", (double) cost.tokens());
    }
  }

  @Override
  public void close() {
    loaded.values().forEach(LoadedModel::close);
    within.values().forEach(HiddenStates::close);
    owned.forEach(Backend::close);
  }
}
