package io.whetstone.trainer.rollout;

import io.whetstone.datasets.Conversation;
import io.whetstone.datasets.Task;
import io.whetstone.tokenizer.Encoded;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.chat.AssistantTurns;
import io.whetstone.tokenizer.jinja.Template;
import io.whetstone.trainer.config.Prompt;
import io.whetstone.trainer.config.TooLong;

/** Makes token ids of prompts and conversations. */
public final class PromptEncoder {
  private final Tokenizer tokenizer;
  private final PromptForm form;
  private final boolean begins;
  private final int maxPositions;
  private final Prompt settings;

  /**
   * @throws IllegalArgumentException where the model has not what the prompt's form needs
   */
  public PromptEncoder(Tokenizer tokenizer, Prompt settings, int maxPositions) {
    this.tokenizer = tokenizer;
    this.settings = settings;
    this.form = PromptForm.of(settings, tokenizer);
    // A chat template writes the beginning of sequence itself.
    this.begins = form instanceof TextPrompt;
    this.maxPositions = maxPositions;
  }

  /** How prompts are made. */
  public PromptForm form() {
    return form;
  }

  /** The text the model reads, the assistant's prefix included. */
  public String text(Task task) {
    return form.render(task).text();
  }

  /** What the prompt says on the assistant's behalf already. */
  public String assistantPrefix(Task task) {
    return form.render(task).assistantPrefix();
  }

  /**
   * What ends an answer: the chat template's token, else the tokenizer's first end of sequence.
   *
   * @throws IllegalArgumentException where there is neither
   */
  public int[] endOfAnswer() {
    String text = form.endOfAnswer();
    if (!text.isEmpty()) {
      return tokenizer.encode(text);
    }
    if (tokenizer.endOfSequence().isEmpty()) {
      throw new IllegalArgumentException(
          "model: nothing ends an answer: neither tokenizer_config.json, generation_config.json nor"
              + " config.json names an end-of-sequence token, and there is no chat template that"
              + " writes one");
    }
    return new int[] {tokenizer.endOfSequence().getFirst()};
  }

  /** Whether prompts with too many tokens are left out of the data. */
  public boolean dropsTooLong() {
    return settings.tooLong() == TooLong.DROP;
  }

  /** Whether a prompt has at most {@code max-tokens}. */
  public boolean fits(Task task) {
    return settings.maxTokens().isEmpty() || ids(task).length <= settings.maxTokens().get();
  }

  /**
   * The ids the model reads.
   *
   * @throws IllegalArgumentException naming the task, when its prompt and {@code tokens} more do
   *     not fit the model's positions, or it has more than {@code max-tokens}: nothing is cut
   */
  public int[] encode(Task task, int tokens) {
    int[] ids = ids(task);
    if (ids.length == 0) {
      throw new IllegalArgumentException("task " + task.id() + ": the prompt is empty");
    }
    if (ids.length > settings.maxTokens().orElse(Integer.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "task "
              + task.id()
              + ": its prompt has "
              + ids.length
              + " tokens, more than prompt-template.max-tokens, which is "
              + settings.maxTokens().get()
              + "; raise it, or set prompt-template.too-long: drop");
    }
    if (ids.length + tokens > maxPositions) {
      throw new IllegalArgumentException(
          "task "
              + task.id()
              + ": its prompt has "
              + ids.length
              + " tokens, which with "
              + tokens
              + " more exceed the model's "
              + maxPositions
              + " positions; raise max-positions, lower max-tokens, or leave such tasks out with"
              + " prompt-template.max-tokens and too-long: drop");
    }
    return ids;
  }

  /** The ids of a task's prompt, however many there are. */
  public int[] ids(Task task) {
    try {
      String text = text(task);
      return begins ? tokenizer.encodeFromStart(text) : tokenizer.encode(text);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException("task " + task.id() + ": " + e.getMessage(), e);
    }
  }

  /**
   * The ids of a whole conversation, and which of them the assistant wrote.
   *
   * @throws RuntimeException where that cannot be told for sure
   */
  public Learned learn(Conversation conversation, AssistantTurns.Which which) {
    Template.Rendered rendered = form.render(conversation, which);
    Encoded encoded = tokenizer.encodeWithSpans(rendered.text());
    boolean[] trained = new boolean[encoded.ids().length];
    rendered.generated().forEach(span -> encoded.mark(span.from(), span.to(), trained));
    return new Learned(encoded.ids(), trained);
  }
}
