package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Names;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How a task's prompt becomes what the model reads. Written {@code prompt-template: r1-zero}, or
 * with further keys, {@code prompt-template: {template: chat, system: …}}.
 *
 * @param template {@code chat}, one of {@link ShippedTemplate}, or a text in which {@code {prompt}}
 *     stands for the task's prompt; left out: {@code chat} where the model has a chat template,
 *     else {@code plain}
 * @param system the system message, where a chat template is used and the task has none
 * @param enableThinking the chat template's variable {@code enable_thinking} (Qwen3, SmolLM3)
 * @param variables everything else that the chat template may read, such as Llama 3's {@code
 *     date_string}
 * @param assistantPrefix text that counts as the answer's beginning (R1's {@code <think>\n}): the
 *     model continues it, format rewards see it, it is not trained on
 * @param maxTokens longest prompt, in tokens; left out: what the model's positions leave
 * @param tooLong what becomes of a longer one
 */
public record Prompt(
    Optional<String> template,
    Optional<String> system,
    Optional<Boolean> enableThinking,
    @Default(value = "{}", source = "the chat template's own defaults")
        Map<String, Object> variables,
    @Default(value = "\"\"", source = "the model opens its own <think>") String assistantPrefix,
    Optional<Integer> maxTokens,
    @Default(value = "\"stop\"", source = "nothing is lost silently") TooLong tooLong) {
  /** The model's own chat template. */
  public static final String CHAT = "chat";

  public Prompt {
    template.ifPresent(Prompt::requireKnown);
    boolean text = template.isPresent() && !template.get().equals(CHAT);
    if (text && (system.isPresent() || enableThinking.isPresent() || !variables.isEmpty())) {
      throw new IllegalArgumentException(
          (system.isPresent()
                  ? "system"
                  : enableThinking.isPresent() ? "enable-thinking" : "variables")
              + ": is only for template: chat; write it into the text");
    }
    maxTokens.ifPresent(n -> Range.atLeast("max-tokens", n, 1));
    if (tooLong == TooLong.DROP && maxTokens.isEmpty()) {
      throw new IllegalArgumentException("max-tokens: is missing; too-long: drop needs it");
    }
  }

  /** Written as the template alone. */
  public static Prompt of(String template) {
    return new Prompt(
        Optional.of(template),
        Optional.empty(),
        Optional.empty(),
        Map.of(),
        "",
        Optional.empty(),
        TooLong.STOP);
  }

  private static void requireKnown(String template) {
    if (template.contains(ShippedTemplate.SLOT)
        || template.equals(CHAT)
        || ShippedTemplate.of(template).isPresent()) {
      return;
    }
    List<String> names = new java.util.ArrayList<>(ShippedTemplate.names());
    names.addFirst(CHAT);
    throw new IllegalArgumentException(
        "template: "
            + (template.matches("[a-z0-9-]+")
                ? Names.unknown(template, names) + ", and no text with {prompt}"
                : "{prompt} does not occur in it; expected a text with {prompt}, or one of "
                    + String.join(", ", names)));
  }
}
