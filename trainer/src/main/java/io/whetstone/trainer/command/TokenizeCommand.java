package io.whetstone.trainer.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Token ids of a text or of a conversation. */
@Command(
    name = "tokenize",
    description = {
      "Token ids of a text, or of messages after the model's own chat template:",
      "{\"text\": …, \"ids\": […], \"tokens\": […]}, and \"leading-ids\" where the tokenizer",
      "begins whole texts with further tokens (Llama's <|begin_of_text|>).",
      "A messages file is a list of messages, or {\"messages\": […], \"tools\": […],",
      "\"add_generation_prompt\": true, \"continue_final_message\": false, …};",
      "further keys are variables of the template."
    })
final class TokenizeCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Console console;

  @Parameters(paramLabel = "MODEL", description = "A run, a checkpoint or a model's directory.")
  private String model;

  @Option(names = "--text", paramLabel = "T", description = "A text, as it is.")
  private Optional<String> text;

  @Option(
      names = "--messages",
      paramLabel = "F.json",
      description = "A file of messages; - for standard input.")
  private Optional<String> messages;

  @Option(
      names = "--thinking",
      paramLabel = "on|off",
      description = "Sets enable_thinking in the chat template.")
  private Optional<MessagesFile.Thinking> thinking;

  TokenizeCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    if (text.isPresent() == messages.isPresent()) {
      throw new UsageException(
          (text.isPresent() ? "both" : "none") + " of --text and --messages given; expected one");
    }
    Path directory = ModelDirectory.find(model, ModelDirectory.Which.LATEST).model();
    String whole =
        messages.isPresent()
            ? MessagesFile.render(messages.get(), directory, thinking, false)
            : text.orElseThrow();
    try (Tokenizer tokenizer = Tokenizer.load(directory)) {
      ObjectNode line = JSON.createObjectNode();
      line.put("text", whole);
      int[] encoded = tokenizer.encode(whole);
      ArrayNode ids = line.putArray("ids");
      ArrayNode tokens = line.putArray("tokens");
      for (int id : encoded) {
        ids.add(id);
        tokens.add(tokenizer.token(id));
      }
      int[] begun = text.isPresent() ? tokenizer.encodeFromStart(whole) : encoded;
      if (begun.length > encoded.length) {
        ArrayNode leading = line.putArray("leading-ids");
        Arrays.stream(begun).limit(begun.length - encoded.length).forEach(leading::add);
        console.note("(generate --prompt and plain prompts have leading-ids before these)");
      }
      console.result(JSON.writeValueAsString(line));
    }
    return Whetstone.DONE;
  }
}
