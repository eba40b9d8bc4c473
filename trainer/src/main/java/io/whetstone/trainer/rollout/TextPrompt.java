package io.whetstone.trainer.rollout;

import io.whetstone.datasets.Conversation;
import io.whetstone.datasets.Task;
import io.whetstone.tokenizer.chat.AssistantTurns;
import io.whetstone.tokenizer.jinja.Template;
import io.whetstone.trainer.config.ShippedTemplate;

/** A text with {@code {prompt}} in it. */
record TextPrompt(String name, String text, String assistantPrefix) implements PromptForm {

  @Override
  public RenderedPrompt render(Task task) {
    task.conversation()
        .filter(asked -> asked.messages().size() > 1 || !asked.tools().isEmpty())
        .ifPresent(
            asked -> {
              throw noConversations();
            });
    return new RenderedPrompt(
        text.replace(ShippedTemplate.SLOT, task.prompt()) + assistantPrefix, assistantPrefix);
  }

  @Override
  public Template.Rendered render(Conversation conversation, AssistantTurns.Which which) {
    throw noConversations();
  }

  private IllegalArgumentException noConversations() {
    return new IllegalArgumentException(
        "the data have conversations, which take a chat template, and prompt-template is "
            + name
            + "; use a model that has one and prompt-template: chat");
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
