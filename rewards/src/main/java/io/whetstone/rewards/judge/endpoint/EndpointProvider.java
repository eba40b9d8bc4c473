package io.whetstone.rewards.judge.endpoint;

import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.judge.Answerer;
import io.whetstone.rewards.judge.AnswererProvider;
import java.util.Map;
import java.util.function.UnaryOperator;

/** {@code endpoint}: a server that speaks OpenAI's chat completions. */
public final class EndpointProvider implements AnswererProvider {

  private final UnaryOperator<String> environment;

  public EndpointProvider() {
    this(System::getenv);
  }

  /**
   * @param environment where the key is looked up
   */
  EndpointProvider(UnaryOperator<String> environment) {
    this.environment = environment;
  }

  @Override
  public String key() {
    return "endpoint";
  }

  @Override
  public Answerer open(Map<String, Object> given) {
    EndpointSettings settings = Settings.read(given, EndpointSettings.class, "");
    return new EndpointAnswerer(settings, new ApiKey(settings, environment));
  }
}
