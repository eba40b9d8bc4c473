package io.whetstone.trainer.rollout;

import io.whetstone.datasets.Conversation;
import io.whetstone.datasets.Task;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerException;
import io.whetstone.tokenizer.chat.AssistantTurns;
import io.whetstone.tokenizer.chat.ChatTemplate;
import io.whetstone.tokenizer.jinja.Template;
import io.whetstone.trainer.config.Prompt;
import io.whetstone.trainer.config.ShippedTemplate;

/** How a task becomes the text that a model reads: by the model's chat template, or by a text. */
public sealed interface PromptForm permits ChatPrompt, TextPrompt {

  /** What the model reads. */
  RenderedPrompt render(Task task);

  /**
   * A whole conversation as text, and which of it the assistant wrote.
   *
   * @throws TokenizerException where that cannot be told
   * @throws IllegalArgumentException where this form takes no conversations
   */
  Template.Rendered render(Conversation conversation, AssistantTurns.Which which);

  /** The form's name and what it is, for people. */
  String description();

  /**
   * What the chat template writes behind an answer, a token at its end; empty where it writes none,
   * and the tokenizer's end of sequence ends answers.
   */
  String endOfAnswer();

  /**
   * What a configuration says, for a model.
   *
   * @throws IllegalArgumentException where it wants a chat template and the model has none
   */
  static PromptForm of(Prompt prompt, Tokenizer tokenizer) {
    String template = prompt.template().orElse(null);
    if (template == null || template.equals(Prompt.CHAT)) {
      ChatTemplate chat = ChatTemplate.of(tokenizer).orElse(null);
      if (chat != null) {
        return new ChatPrompt(chat, tokenizer, prompt);
      }
      boolean chatting =
          template != null
              || prompt.system().isPresent()
              || prompt.enableThinking().isPresent()
              || !prompt.variables().isEmpty();
      if (chatting) {
        throw new IllegalArgumentException(
            "prompt-template: the model has no chat template (neither chat_template.jinja nor a"
                + " chat_template in tokenizer_config.json); take one of "
                + String.join(", ", ShippedTemplate.names())
                + ", or a text with {prompt}");
      }
      template = "plain";
    }
    String name = template;
    return ShippedTemplate.of(name)
        .map(
            shipped ->
                new TextPrompt(
                    name, shipped.text(), shipped.assistantPrefix() + prompt.assistantPrefix()))
        .orElseGet(() -> new TextPrompt("text", name, prompt.assistantPrefix()));
  }
}
