package io.whetstone.rewards.judge;

import io.whetstone.datasets.settings.Names;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.TreeMap;

/**
 * {@code judge}: a language model's opinion.
 *
 * <p>Scored for grades and comparisons; correct or wrong for verification, and unparseable where
 * the judge finds no answer in the completion. What the judge says is no verdict, or no answer at
 * all, is an error without a value, never a 0. Not applicable to a task without the gold answer
 * that the judge is to be shown, and to a single completion that is to be compared.
 */
public final class JudgeProvider implements RewardProvider {

  @Override
  public String name() {
    return "judge";
  }

  @Override
  public Reward create(Map<String, Object> given) {
    JudgeSettings settings = Settings.read(given, JudgeSettings.class, "");
    Measure measure = settings.measure();
    Questions questions = new Questions(settings, measure);
    Answerer answerer = answerer(settings.answeredBy());
    if (settings.votes() > 1 && !answerer.draws()) {
      answerer.close();
      throw new IllegalArgumentException(
          "votes: "
              + settings.votes()
              + " answers of a judge at temperature 0 are all alike; expected 1, or a temperature"
              + " above 0");
    }
    return new JudgeReward(settings, measure, questions, answerer);
  }

  private static Answerer answerer(Map<String, Object> answeredBy) {
    Map<String, AnswererProvider> known = new TreeMap<>();
    ServiceLoader.load(AnswererProvider.class, JudgeProvider.class.getClassLoader())
        .forEach(provider -> known.put(provider.key(), provider));
    List<String> keys = new ArrayList<>(Settings.keys(JudgeSettings.class));
    keys.addAll(known.keySet());
    Optional<String> unknown =
        answeredBy.keySet().stream().filter(key -> !known.containsKey(key)).findFirst();
    if (unknown.isPresent()) {
      throw new IllegalArgumentException(unknown.get() + ": " + Names.unknown(unknown.get(), keys));
    }
    if (answeredBy.size() != 1) {
      throw new IllegalArgumentException(
          "who answers is "
              + (answeredBy.isEmpty() ? "missing" : "said twice")
              + "; expected one of "
              + String.join(", ", known.keySet()));
    }
    String key = answeredBy.keySet().iterator().next();
    if (!(answeredBy.get(key) instanceof Map<?, ?> settings)) {
      throw new IllegalArgumentException(key + ": is not keys with values");
    }
    Map<String, Object> own = new TreeMap<>();
    settings.forEach((name, value) -> own.put(name.toString(), value));
    try {
      return known.get(key).open(own);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(key + "." + e.getMessage(), e);
    }
  }
}
