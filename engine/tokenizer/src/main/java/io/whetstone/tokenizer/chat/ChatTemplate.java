package io.whetstone.tokenizer.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerException;
import io.whetstone.tokenizer.jinja.Template;
import io.whetstone.tokenizer.jinja.TemplateException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A model's chat template: how messages become the text that the model reads, character for
 * character as transformers' {@code apply_chat_template} renders it.
 */
public final class ChatTemplate {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> SPECIAL =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");

  private static final Pattern GENERATION = Pattern.compile("\\{%-?\\s*generation\\b");

  /** Directory of further templates, by their names. */
  private static final String MORE = "additional_chat_templates/";

  /** Marks where a message that is to be continued ends. */
  private static final String TAG = "CONTINUE_FINAL_MESSAGE_TAG ";

  private final String origin;
  private final Map<String, String> sources;
  private final Map<String, Object> special;
  private final Clock clock;

  private ChatTemplate(
      String origin, Map<String, String> sources, Map<String, Object> special, Clock clock) {
    this.origin = origin;
    this.sources = sources;
    this.special = special;
    this.clock = clock;
  }

  /**
   * A template from its text.
   *
   * @param special texts of special tokens by their transformers names ({@code bos_token})
   */
  public static ChatTemplate of(String source, Map<String, ?> special, Clock clock) {
    return new ChatTemplate(
        "chat template", Map.of("default", source), new LinkedHashMap<>(special), clock);
  }

  /**
   * The template of a model's directory: {@code chat_template.jinja} and {@code
   * additional_chat_templates/}, else {@code chat_template} in {@code tokenizer_config.json} (one,
   * or several with names); empty for base models, which have none.
   *
   * @throws TokenizerException where a file cannot be read
   */
  public static Optional<ChatTemplate> load(Path directory) {
    return read(
        directory.toString(),
        name -> {
          Path file = directory.resolve(name);
          return Files.isRegularFile(file)
              ? Optional.of(Files.readAllBytes(file))
              : Optional.empty();
        },
        more(directory.resolve(MORE)));
  }

  /** The template that was beside a tokenizer's file, as {@link #load} finds it. */
  public static Optional<ChatTemplate> of(Tokenizer tokenizer) {
    return read(tokenizer.origin(), tokenizer::companion, tokenizer.companions(MORE));
  }

  /** The bytes of a file of the model's directory, where it is there. */
  private interface Companion {
    Optional<byte[]> read(String name) throws IOException;
  }

  private static Optional<ChatTemplate> read(
      String origin, Companion companion, List<String> more) {
    try {
      JsonNode config = json(companion, "tokenizer_config.json");
      Map<String, String> sources = new LinkedHashMap<>();
      Optional<byte[]> own = companion.read("chat_template.jinja");
      if (own.isPresent()) {
        sources.put("default", new String(own.get(), StandardCharsets.UTF_8));
        for (String name : more) {
          String source = new String(companion.read(name).orElseThrow(), StandardCharsets.UTF_8);
          sources.put(name.substring(MORE.length(), name.length() - ".jinja".length()), source);
        }
      } else {
        sources.putAll(named(config.path("chat_template")));
      }
      if (sources.isEmpty()) {
        return Optional.empty();
      }
      Map<String, Object> special = new LinkedHashMap<>();
      special(json(companion, "special_tokens_map.json"), special);
      special(config, special);
      return Optional.of(
          new ChatTemplate(
              origin + ": chat template", sources, special, Clock.systemDefaultZone()));
    } catch (IOException e) {
      throw new TokenizerException(origin + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static JsonNode json(Companion companion, String name) throws IOException {
    Optional<byte[]> bytes = companion.read(name);
    return bytes.isPresent() ? JSON.readTree(bytes.get()) : JSON.createObjectNode();
  }

  private static List<String> more(Path directory) {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> MORE + file.getFileName())
          .filter(name -> name.endsWith(".jinja"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new TokenizerException(directory + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static Map<String, String> named(JsonNode templates) {
    Map<String, String> sources = new LinkedHashMap<>();
    if (templates.isTextual()) {
      sources.put("default", templates.asText());
    }
    for (JsonNode each : templates.isArray() ? templates : JSON.createArrayNode()) {
      sources.put(each.path("name").asText(), each.path("template").asText());
    }
    return sources;
  }

  private static void special(JsonNode config, Map<String, Object> special) {
    for (String name : SPECIAL) {
      JsonNode token = config.path(name);
      JsonNode text = token.isObject() ? token.path("content") : token;
      if (text.isTextual()) {
        special.put(name, text.asText());
      }
    }
  }

  /**
   * Renders a conversation.
   *
   * @return the text, and which of it {@code {% generation %}} marks as the model's
   * @throws TokenizerException when the template cannot be read or refuses the conversation
   */
  public Template.Rendered render(Conversation conversation) {
    String source = source(conversation.tools() != null);
    Map<String, Object> variables = new LinkedHashMap<>(special);
    variables.putAll(conversation.variables());
    variables.put("messages", messages(conversation, source));
    variables.put("tools", conversation.tools());
    variables.putIfAbsent("documents", null);
    variables.put("add_generation_prompt", conversation.addGenerationPrompt());
    Template.Rendered rendered;
    try {
      rendered = Template.of(source).render(variables, clock);
    } catch (TemplateException e) {
      throw new TokenizerException(origin + ": " + e.getMessage(), e);
    }
    return conversation.continueFinal().isEmpty() ? rendered : cut(rendered, conversation);
  }

  /** Whether the template marks what the model wrote. */
  public boolean marksGenerated(boolean tools) {
    return GENERATION.matcher(source(tools)).find();
  }

  /** Whether what it writes depends on the day. */
  public boolean readsClock() {
    return sources.values().stream().anyMatch(source -> source.contains("strftime_now"));
  }

  /** Whether it reads a variable of this name. */
  public boolean reads(String variable) {
    return sources.values().stream().anyMatch(source -> source.contains(variable));
  }

  private String source(boolean tools) {
    String source = tools ? sources.get("tool_use") : null;
    source = source == null ? sources.get("default") : source;
    if (source == null) {
      throw new TokenizerException(
          origin + ": there are several, but none is called default: " + sources.keySet());
    }
    return source;
  }

  /** The messages; the end of the one to be continued is marked. */
  private List<Object> messages(Conversation conversation, String source) {
    List<Object> messages = new ArrayList<>(conversation.messages());
    if (conversation.continueFinal().isEmpty()) {
      return messages;
    }
    String field = conversation.continueFinal().get();
    Map<String, Object> last = new LinkedHashMap<>(conversation.messages().getLast());
    Object text = last.get(field);
    List<String> fields =
        Conversation.REASONING.contains(field)
            ? Conversation.REASONING.stream()
                .filter(f -> text != null && text.equals(last.get(f)))
                .toList()
            : List.of(field);
    if (text == null || fields.stream().noneMatch(source::contains)) {
      throw new TokenizerException(
          "continue_final_message: "
              + (text == null ? "the last message has no " : "the template does not read ")
              + field);
    }
    if (text instanceof List<?> blocks) {
      last.put(field, marked(blocks));
    } else {
      fields.forEach(f -> last.put(f, text + TAG));
    }
    messages.set(messages.size() - 1, last);
    return messages;
  }

  /** The blocks with the last text among them marked. */
  private static List<Object> marked(List<?> blocks) {
    List<Object> marked = new ArrayList<>(blocks);
    for (int i = marked.size() - 1; i >= 0; i--) {
      if (marked.get(i) instanceof Map<?, ?> block && block.get("text") instanceof String text) {
        Map<Object, Object> changed = new LinkedHashMap<>(block);
        changed.put("text", text + TAG);
        marked.set(i, changed);
        return marked;
      }
    }
    throw new TokenizerException("continue_final_message: the last message has no text");
  }

  /**
   * What stands before the mark; where the template trimmed the message, without trailing space.
   */
  private Template.Rendered cut(Template.Rendered rendered, Conversation conversation) {
    String text = rendered.text();
    int at = text.lastIndexOf(TAG.strip());
    Object last = conversation.messages().getLast().get(conversation.continueFinal().orElseThrow());
    boolean whole = !(last instanceof String message) || text.contains(message.strip());
    if (at < 0 || !whole) {
      throw new TokenizerException(
          origin
              + ": continue_final_message: the template leaves the last message out or changes it");
    }
    String kept = text.substring(0, at);
    boolean spaced = text.startsWith(TAG, at);
    return new Template.Rendered(spaced ? kept : kept.stripTrailing(), List.of());
  }
}
