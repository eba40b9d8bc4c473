package io.whetstone.trainer.rollout;

import io.whetstone.datasets.Task;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerException;
import io.whetstone.tokenizer.chat.AssistantTurns;
import io.whetstone.tokenizer.chat.ChatTemplate;
import io.whetstone.tokenizer.chat.Conversation;
import io.whetstone.tokenizer.jinja.Template;
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
    List<Map<String, Object>> messages =
        task.conversation()
            .map(io.whetstone.datasets.Conversation::messages)
            .orElseGet(() -> List.of(Map.of(ROLE, "user", "content", task.prompt())));
    List<Object> tools = task.conversation().map(ChatPrompt::tools).orElse(null);
    Map<String, Object> last = messages.getLast();
    if ("assistant".equals(last.get(ROLE)) && last.get("content") instanceof String begun) {
      // What the assistant is to go on with.
      String text =
          template.render(conversation(messages, tools, false, Optional.of("content"))).text();
      return new RenderedPrompt(text + assistantPrefix, begun + assistantPrefix);
    }
    String begun = template.render(conversation(messages, tools, true, Optional.empty())).text();
    String ended = template.render(conversation(messages, tools, false, Optional.empty())).text();
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

  @Override
  public Template.Rendered render(
      io.whetstone.datasets.Conversation conversation, AssistantTurns.Which which) {
    return turns.find(
        conversation(conversation.messages(), tools(conversation), false, Optional.empty()), which);
  }

  private static List<Object> tools(io.whetstone.datasets.Conversation conversation) {
    return conversation.tools().isEmpty() ? null : List.copyOf(conversation.tools());
  }

  /** The conversation with the configured system message, where it has none of its own. */
  private Conversation conversation(
      List<Map<String, Object>> messages,
      List<Object> tools,
      boolean header,
      Optional<String> goesOn) {
    List<Map<String, Object>> all = new ArrayList<>(messages);
    if (system.isPresent() && !SYSTEM.equals(messages.getFirst().get(ROLE))) {
      all.addFirst(Map.of(ROLE, SYSTEM, "content", system.get()));
    }
    return new Conversation(all, tools, header, goesOn, variables);
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
    try {
      return turns.endOfTurn(variables);
    } catch (TokenizerException e) {
      return "";
    }
  }
}
