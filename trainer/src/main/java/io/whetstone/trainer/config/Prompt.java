package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;

/**
 * How a task's prompt becomes what the model reads.
 *
 * @param template text in which {@code {prompt}} stands for the task's prompt
 * @param assistantPrefix text after the template that counts as the answer's beginning (R1's {@code
 *     <think>\n}): the model continues it, format rewards see it, it is not trained on
 */
public record Prompt(
    @Default(value = "\"{prompt}\"", source = "the task as it is") String template,
    @Default(value = "\"\"", source = "the model opens its own <think>") String assistantPrefix) {
  private static final String SLOT = "{prompt}";

  public Prompt {
    if (!template.contains(SLOT)) {
      throw new IllegalArgumentException("template: {prompt} does not occur in it");
    }
  }

  /** What the model reads for a task's prompt, the assistant prefix included. */
  public String render(String prompt) {
    return template.replace(SLOT, prompt) + assistantPrefix;
  }
}
