package io.whetstone.trainer.rollout;

import io.whetstone.datasets.Task;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.chat.AssistantTurns;
import io.whetstone.tokenizer.chat.ChatTemplate;
import io.whetstone.tokenizer.chat.Conversation;
import io.whetstone.trainer.config.Prompt;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The model's own chat template. */
final class ChatPrompt implements PromptForm {
  private static final String ROLE = "role";
  private static final String SYSTEM = "system";

  private final ChatTemplate template;
  private final AssistantTurns turns;
  private final Optional<String> system;
  private final Map<String, Object> variables;
  private final String assistantPrefix;

  ChatPrompt(ChatTemplate template, Tokenizer tokenizer, Prompt prompt) {
    this.template = template;
    this.turns = new AssistantTurns(template, tokenizer.addedTokens());
    this.system = prompt.system();
    this.assistantPrefix = prompt.assistantPrefix();
    this.variables = new LinkedHashMap<>(prompt.variables());
    prompt.enableThinking().ifPresent(thinks -> variables.put("enable_thinking", thinks));
  }

  @Override
  public RenderedPrompt render(Task task) {
    List<Map<String, Object>> messages = List.of(Map.of(ROLE, "user", "content", task.prompt()));
    String begun = template.render(conversation(messages, null, true)).text();
    String ended = template.render(conversation(messages, null, false)).text();
    // The header of the assistant's turn is what only the first has.
    int header = 0;
    while (header < Math.min(begun.length(), ended.length())
        && begun.charAt(header) == ended.charAt(header)) {
      header++;
    }
    int thought = AssistantTurns.thought(begun.substring(header));
    String opened = thought < 0 ? "" : begun.substring(header + thought);
    return new RenderedPrompt(begun + assistantPrefix, opened + assistantPrefix);
  }

  /** The conversation with the configured system message, where it has none of its own. */
  private Conversation conversation(
      List<Map<String, Object>> messages, List<Object> tools, boolean header) {
    List<Map<String, Object>> all = new ArrayList<>(messages);
    if (system.isPresent() && !SYSTEM.equals(messages.getFirst().get(ROLE))) {
      all.addFirst(Map.of(ROLE, SYSTEM, "content", system.get()));
    }
    return new Conversation(all, tools, header, Optional.empty(), variables);
  }

  @Override
  public String description() {
    return "the model's chat template"
        + (template.readsClock() && !variables.containsKey("date_string")
            ? ", which writes the day's date: prompts differ from day to day"
            : "");
  }

  @Override
  public String endOfAnswer() {
    return turns.endOfTurn(variables);
  }
}
