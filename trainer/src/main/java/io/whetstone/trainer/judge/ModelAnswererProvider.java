package io.whetstone.trainer.judge;

import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.judge.Answerer;
import io.whetstone.rewards.judge.AnswererProvider;
import java.util.Map;

/** {@code model}: a judge that is a model of ours, answered on our engine. */
public final class ModelAnswererProvider implements AnswererProvider {

  @Override
  public String key() {
    return "model";
  }

  @Override
  public Answerer open(Map<String, Object> settings) {
    return new ModelAnswerer(Settings.read(settings, ModelSettings.class, ""));
  }
}
