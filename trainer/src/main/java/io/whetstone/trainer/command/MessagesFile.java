package io.whetstone.trainer.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.tokenizer.TokenizerException;
import io.whetstone.tokenizer.chat.ChatTemplate;
import io.whetstone.tokenizer.chat.Conversation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Optional;

/** A file of messages, as the model's chat template renders it. */
final class MessagesFile {
  private static final ObjectMapper JSON = new ObjectMapper();

  private MessagesFile() {}

  /** What {@code enable_thinking} becomes. */
  enum Thinking {
    ON,
    OFF
  }

  /**
   * The text that the model reads.
   *
   * @param file its path, - for standard input
   * @param generation whether a bare list of messages ends with an assistant's header
   * @throws UsageException when the model has no template or the file is no conversation
   */
  static String render(String file, Path model, Optional<Thinking> thinking, boolean generation)
      throws IOException {
    ChatTemplate template =
        ChatTemplate.load(model)
            .orElseThrow(
                () ->
                    new UsageException(
                        model
                            + ": has no chat template (a base model?); give the whole text with"
                            + " --prompt or --text"));
    try (InputStream in = InputFile.open(file)) {
      JsonNode json = JSON.readTree(in);
      Conversation conversation = Conversation.of(json, generation);
      if (thinking.isPresent()) {
        conversation = conversation.with("enable_thinking", thinking.get() == Thinking.ON);
      }
      return template.render(conversation).text();
    } catch (JsonProcessingException e) {
      throw new UsageException(
          InputFile.name(file)
              + ": is not JSON: "
              + e.getOriginalMessage()
              + " at line "
              + e.getLocation().getLineNr());
    } catch (TokenizerException e) {
      throw new UsageException(InputFile.name(file) + ": " + e.getMessage());
    }
  }
}
