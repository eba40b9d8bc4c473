package io.whetstone.trainer.rollout;

import io.whetstone.datasets.Task;
import io.whetstone.trainer.config.ShippedTemplate;

/** A text with {@code {prompt}} in it. */
record TextPrompt(String name, String text, String assistantPrefix) implements PromptForm {

  @Override
  public RenderedPrompt render(Task task) {
    return new RenderedPrompt(
        text.replace(ShippedTemplate.SLOT, task.prompt()) + assistantPrefix, assistantPrefix);
  }

  @Override
  public String description() {
    return name;
  }

  @Override
  public String endOfAnswer() {
    return "";
  }
}
