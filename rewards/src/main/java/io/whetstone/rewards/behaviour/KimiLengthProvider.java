package io.whetstone.rewards.behaviour;

import io.whetstone.datasets.Task;
import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.RewardProvider;
import io.whetstone.rewards.RewardSource;
import java.util.Arrays;
import java.util.Map;

/**
 * {@code kimi-length}: how short a completion is among those of its group.
 *
 * <p>{@code λ = 0.5 − (n − n_min) / (n_max − n_min)} for a correct completion, {@code min(0, λ)}
 * for a wrong one, 0 for all where all are as long. Kimi k1.5 (Kimi Team 2025), §2.3.3. The paper
 * adds it with a weight that is raised slowly: {@code weight: [[0, 0], [200, 0.5]]}.
 */
public final class KimiLengthProvider implements RewardProvider {

  /** The reward's settings. */
  public record KimiLengthSettings(
      @Default(value = "\"accuracy\"", source = "needs no more than the answer") Judge correctBy) {}

  /** Compares. */
  private static final class AmongGroup implements JudgedLength.Rule {
    @Override
    public double[] values(Task task, int[] lengths, boolean[] correct) {
      double least = Arrays.stream(lengths).min().orElse(0);
      double most = Arrays.stream(lengths).max().orElse(0);
      double[] values = new double[lengths.length];
      for (int i = 0; i < values.length && most > least; i++) {
        double lambda = 0.5 - (lengths[i] - least) / (most - least);
        values[i] = correct[i] ? lambda : Math.min(0, lambda);
      }
      return values;
    }

    @Override
    public boolean compares() {
      return true;
    }
  }

  @Override
  public String name() {
    return "kimi-length";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    return create(settings, RewardCatalog.ofClassPath());
  }

  @Override
  public Reward create(Map<String, Object> settings, RewardSource others) {
    KimiLengthSettings read = Settings.read(settings, KimiLengthSettings.class, "");
    return new JudgedLength(read.correctBy().make(others), new AmongGroup());
  }
}
