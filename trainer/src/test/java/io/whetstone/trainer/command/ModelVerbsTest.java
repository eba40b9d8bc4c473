package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.trainer.config.FromScratch;
import io.whetstone.trainer.config.Vocabulary;
import io.whetstone.trainer.loop.Policy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verbs that use a model: generate, logprobs, export, eval. */
class ModelVerbsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PROMPT = "37+58=?";

  @TempDir static Path shared;
  @TempDir Path directory;

  private static String model;

  @BeforeAll
  static void makeModel() throws IOException {
    Path path = shared.resolve("model");
    FromScratch shape =
        new FromScratch(
            32,
            2,
            4,
            Optional.of(2),
            Optional.empty(),
            64,
            48,
            10000,
            1e-6,
            true,
            false,
            0.1, // large enough for logprobs to differ
            new Vocabulary(Optional.of("0123456789+=;?"), false, List.of("<think>", "</think>")));
    try (Backend backend = Backends.open("cpu", 1);
        Policy policy = Policy.fromScratch(shape, backend, DType.F32, 5)) {
      HuggingFaceModel.save(
          path,
          policy.model().config(),
          policy.model().weights(),
          DType.F32,
          backend,
          policy.tokenizer());
    }
    model = path.toString();
  }

  private static JsonNode generated(String... more) throws IOException {
    List<String> arguments =
        new ArrayList<>(List.of("generate", model, "--prompt", PROMPT, "--json"));
    arguments.addAll(List.of(more));
    String out = CommandLineRun.of(arguments.toArray(String[]::new)).succeeded().out();
    ArrayNode lines = JSON.createArrayNode();
    for (String line : out.lines().toList()) {
      lines.add(JSON.readTree(line));
    }
    return lines;
  }

  @Test
  void generateStreamsTheTextThatJsonTells() throws IOException {
    String[] same = {"--max-tokens", "12", "--seed", "3"};
    JsonNode json = generated(same).get(0);
    String streamed =
        CommandLineRun.of(
                "generate", model, "--prompt", PROMPT, "--max-tokens", "12", "--seed", "3")
            .succeeded()
            .out();
    assertEquals(json.get("text").asText() + System.lineSeparator(), streamed);
    assertEquals(json, generated(same).get(0));
    assertNotEquals(
        generated("--samples", "4", "--seed", "3"), generated("--samples", "4", "--seed", "4"));
  }

  @Test
  void samplesDoNotDependOnTheirNumber() throws IOException {
    JsonNode four = generated("--samples", "4", "--max-tokens", "8");
    assertEquals(4, four.size());
    assertEquals(generated("--max-tokens", "8").get(0), four.get(0));
    for (JsonNode sample : four) {
      assertEquals(sample.get("ids").size(), sample.get("logprobs").size());
      assertTrue(
          List.of("end-of-sequence", "length").contains(sample.get("stop").asText()),
          sample.toString());
    }
  }

  @Test
  void thoughtsAreProlongedAndClosedAsAsked() throws IOException {
    String[] bounded = {"--samples", "4", "--max-tokens", "12", "--think-at-most", "3"};
    for (JsonNode sample : generated(bounded)) {
      assertEquals(sample.get("ids").size(), sample.get("forced").size());
      int closed = sample.get("text").asText().indexOf("</think>");
      assertTrue(closed >= 0 || sample.get("ids").size() <= 3, sample.toString());
    }
    String mistake =
        CommandLineRun.of("generate", model, "--prompt", PROMPT, "--think-again", "1")
            .refused(Whetstone.MISTAKE);
    assertTrue(mistake.contains("thinking.again: \"Wait\" is not in the model's"), mistake);
    for (JsonNode sample :
        generated("--samples", "8", "--think-again", "1", "--think-word", ";?")) {
      assertTrue(sample.get("forced").size() > 0, sample.toString());
    }
  }

  @Test
  void greedyTakesTheLikeliestWhateverTheSeed() throws IOException {
    assertEquals(
        generated("--temperature", "0", "--seed", "1").get(0).get("ids"),
        generated("--temperature", "0", "--seed", "2").get(0).get("ids"));
  }

  @Test
  void logprobsAreThoseOfTheSampler() throws IOException {
    Path file = directory.resolve("ids.jsonl");
    StringBuilder lines = new StringBuilder("{\"ids\":[0]}\n");
    JsonNode samples = generated("--samples", "3", "--max-tokens", "16");
    for (JsonNode sample : samples) {
      ArrayNode ids = JSON.createArrayNode();
      sample.get("prompt-ids").forEach(ids::add);
      sample.get("ids").forEach(ids::add);
      lines.append("{\"ids\":" + ids + "}").append('\n');
    }
    Files.writeString(file, lines);
    List<String> out =
        CommandLineRun.of("logprobs", model, "--ids", file.toString())
            .succeeded()
            .out()
            .lines()
            .toList();
    assertEquals("{\"logprobs\":[]}", out.get(0));
    for (int s = 0; s < samples.size(); s++) {
      float[] forced = floats(JSON.readTree(out.get(s + 1)).get("logprobs"), 0);
      float[] drawn = floats(samples.get(s).get("logprobs"), 0);
      int prompt = samples.get(s).get("prompt-ids").size();
      assertEquals(prompt + drawn.length - 1, forced.length);
      assertArrayEquals(
          drawn, java.util.Arrays.copyOfRange(forced, prompt - 1, forced.length), "to the bit");
    }
  }

  private static float[] floats(JsonNode list, int from) {
    float[] values = new float[list.size() - from];
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.parseFloat(list.get(from + i).asText());
    }
    return values;
  }

  @Test
  void logprobsNamesTheBadLine() throws IOException {
    Path file = directory.resolve("ids.jsonl");
    for (String bad : List.of("{\"ids\":[1,99]}", "{\"ids\":[]}", "{}", "[1]", "{\"ids\":[1.5]}")) {
      Files.writeString(file, "{\"ids\":[1,2]}\n" + bad + "\n");
      CommandLineRun run = CommandLineRun.of("logprobs", model, "--ids", file.toString());
      assertTrue(run.refused(2).contains(file + ":2: "), run.err());
      assertEquals(1, run.out().lines().count(), "the lines before are answered");
    }
    Files.writeString(file, "{\"ids\":" + java.util.Collections.nCopies(50, 1) + "}\n");
    assertTrue(
        CommandLineRun.of("logprobs", model, "--ids", file.toString())
            .refused(2)
            .contains("48 positions"));
  }

  @Test
  void exportGivesTheSameModel() throws IOException {
    Path to = directory.resolve("exported");
    CommandLineRun.of("export", model, "--to", to.toString()).succeeded();
    assertEquals(
        -1,
        Files.mismatch(
            Path.of(model, HuggingFaceModel.WEIGHTS), to.resolve(HuggingFaceModel.WEIGHTS)));
    try (var files = Files.list(directory)) {
      assertEquals(List.of(to), files.toList(), "nothing is left beside it");
    }
    assertTrue(
        CommandLineRun.of("export", model, "--to", to.toString()).refused(2).contains("not empty"));
    assertTrue(
        CommandLineRun.of("export", model, "--to", directory + "/x", "--dtype", "q8_0")
            .refused(2)
            .contains("--format gguf"));
    String file = directory.resolve("exported/config.json").toString();
    for (String bad : List.of(file, file + "/x", "/proc/x", "/")) {
      assertTrue(CommandLineRun.of("export", model, "--to", bad).refused(2).contains(bad), bad);
    }
    assertTrue(
        CommandLineRun.of("export", model, "--to", directory + "/y", "--format", "peft")
            .refused(2)
            .contains("has no adapters"));
  }

  @Test
  void evalCountsAndWritesALineATask() throws IOException {
    Path out = directory.resolve("tasks.jsonl");
    String[] arguments = {
      "eval",
      model,
      "--tasks",
      "sums",
      "--count",
      "6",
      "--samples",
      "3",
      "--max-tokens",
      "8",
      "--json",
      "--out",
      out.toString()
    };
    JsonNode measured = JSON.readTree(CommandLineRun.of(arguments).succeeded().out());
    assertEquals(6, measured.get("tasks").asInt());
    assertEquals(3, measured.get("samples").asInt());
    assertTrue(measured.has("pass@1") && measured.has("pass@3") && measured.has("maj@3"));
    List<String> lines = Files.readAllLines(out);
    assertEquals(6, lines.size());
    for (String line : lines) {
      JsonNode task = JSON.readTree(line);
      assertTrue(task.get("task").asText().startsWith("sums/0/held-out/"), line);
      assertEquals(3, task.get("completions").size());
    }
  }

  @Test
  void evalReadsAFileOfOnesOwn() throws IOException {
    Path file = directory.resolve("tasks.jsonl");
    Files.writeString(
        file, "{\"q\":\"1+2=?\",\"a\":\"so #### 3\"}\n{\"q\":\"2+2=?\",\"a\":\"#### 4\"}\n");
    String[] arguments = {
      "eval",
      model,
      "--tasks",
      file.toString(),
      "--prompt-field",
      "q",
      "--answer-field",
      "a",
      "--answer-after",
      "####",
      "--max-tokens",
      "8"
    };
    String table = CommandLineRun.of(arguments).succeeded().out();
    assertTrue(table.startsWith("pass@1 "), table);
    assertTrue(table.contains("2 × 1 completions"), table);
  }

  @Test
  void mistakesAreNamed() {
    assertTrue(
        CommandLineRun.of("generate", model, "--prompt", "hello").refused(2).contains("'h'"));
    assertTrue(
        CommandLineRun.of("generate", model, "--prompt", "").refused(2).contains("is empty"));
    assertTrue(CommandLineRun.of("generate", model).refused(2).contains("--prompt is missing"));
    assertTrue(
        CommandLineRun.of("generate", model, "--prompt", PROMPT, "--backend", "cdua")
            .refused(2)
            .contains("cdua is not on the class path"));
    assertTrue(
        CommandLineRun.of("generate", model, "--prompt", "1".repeat(60)).refused(2).contains("48"));
    assertTrue(
        CommandLineRun.of("eval", model, "--tasks", "sms")
            .refused(2)
            .contains("did you mean sums?"));
    assertTrue(
        CommandLineRun.of("eval", model, "--tasks", "sums", "--out", "/no/where/x")
            .refused(2)
            .contains("/no/where/x"));
    assertTrue(
        CommandLineRun.of("generate", "some/model/there", "--prompt", PROMPT)
            .refused(2)
            .contains("is not there; expected a run"));
    assertTrue(
        CommandLineRun.of("generate", directory.toString(), "--prompt", PROMPT)
            .refused(2)
            .contains("neither a run"));
  }

  @Test
  void aTextIsTokenizedAsItIs() throws IOException {
    JsonNode line =
        JSON.readTree(
            CommandLineRun.of("tokenize", model, "--text", "3+<think>").succeeded().out());
    assertEquals("3+<think>", line.get("text").asText());
    assertEquals(List.of("3", "+", "<think>"), JSON.convertValue(line.get("tokens"), List.class));
    assertEquals(3, line.get("ids").size());
    assertTrue(CommandLineRun.of("tokenize", model).refused(2).contains("none of --text"));
  }

  @Test
  void aPromptIsBegunAsTheTokenizerBeginsTexts() throws IOException {
    Path begun = directory.resolve("begun");
    copy(Path.of(model), begun);
    Path tokenizer = begun.resolve("tokenizer.json");
    ObjectNode definition = (ObjectNode) JSON.readTree(Files.readAllBytes(tokenizer));
    int pad = tokenized(model, "<|pad|>").get("ids").get(0).asInt();
    definition.set(
        "post_processor",
        JSON.readTree(
            """
            {"type": "TemplateProcessing",
             "single": [{"SpecialToken": {"id": "<|pad|>", "type_id": 0}},
                        {"Sequence": {"id": "A", "type_id": 0}}],
             "pair": [{"Sequence": {"id": "A", "type_id": 0}},
                      {"Sequence": {"id": "B", "type_id": 1}}],
             "special_tokens": {"<|pad|>": {"id": "<|pad|>", "ids": [%d], "tokens": ["<|pad|>"]}}}
            """
                .formatted(pad)));
    Files.write(tokenizer, JSON.writeValueAsBytes(definition));

    JsonNode plain = tokenized(begun.toString(), "3+4");
    assertEquals(tokenized(model, "3+4").get("ids"), plain.get("ids"));
    assertEquals(JSON.createArrayNode().add(pad), plain.get("leading-ids"));
    ArrayNode expected = JSON.createArrayNode().add(pad);
    plain.get("ids").forEach(expected::add);
    // Whoever writes the beginning themselves does not get it twice.
    for (String prompt : List.of("3+4", "<|pad|>3+4")) {
      assertEquals(expected, promptIds(begun, "--prompt", prompt), prompt);
    }
    assertFalse(tokenized(begun.toString(), "<|pad|>3").has("leading-ids"));
    assertEquals(JSON.createArrayNode().add(pad), promptIds(begun, "--prompt", ""));

    Files.writeString(begun.resolve("chat_template.jinja"), "{{ messages[0].content }}");
    Path file = directory.resolve("messages.json");
    Files.writeString(file, "[{\"role\": \"user\", \"content\": \"3+4\"}]");
    assertEquals(
        plain.get("ids"),
        promptIds(begun, "--messages", file.toString()),
        "a template begins texts itself");
  }

  private static JsonNode tokenized(String model, String text) throws IOException {
    return JSON.readTree(CommandLineRun.of("tokenize", model, "--text", text).succeeded().out());
  }

  private static JsonNode promptIds(Path model, String... prompt) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("generate", model.toString(), "--json"));
    arguments.addAll(List.of("--max-tokens", "1"));
    arguments.addAll(List.of(prompt));
    String out = CommandLineRun.of(arguments.toArray(String[]::new)).succeeded().out();
    return JSON.readTree(out).get("prompt-ids");
  }

  @Test
  void messagesGoThroughTheModelsOwnTemplate() throws IOException {
    Path file = directory.resolve("messages.json");
    Files.writeString(file, "[{\"role\": \"user\", \"content\": \"1+2\"}]");
    String none = CommandLineRun.of("tokenize", model, "--messages", file.toString()).refused(2);
    assertTrue(none.contains("has no chat template"), none);

    Path chat = directory.resolve("chat");
    copy(Path.of(model), chat);
    Files.writeString(
        chat.resolve("chat_template.jinja"),
        "{% for m in messages %}{{ m.content }}={% endfor %}{{ '?' if add_generation_prompt }}"
            + "{{ '<think>' if enable_thinking }}");
    String[] tokenize = {"tokenize", chat.toString(), "--messages", file.toString()};
    assertEquals(
        "1+2=", JSON.readTree(CommandLineRun.of(tokenize).succeeded().out()).get("text").asText());
    CommandLineRun on =
        CommandLineRun.of(
            "generate",
            chat.toString(),
            "--messages",
            file.toString(),
            "--thinking",
            "on",
            "--json",
            "--max-tokens",
            "2");
    JsonNode prompt = JSON.readTree(on.succeeded().out()).get("prompt-ids");
    JsonNode expected =
        JSON.readTree(
                CommandLineRun.of("tokenize", chat.toString(), "--text", "1+2=?<think>")
                    .succeeded()
                    .out())
            .get("ids");
    assertEquals(expected, prompt);

    Files.writeString(file, "[{\"content\": 1}]");
    assertTrue(CommandLineRun.of(tokenize).refused(2).contains("messages[0]"));
    Files.writeString(file, "[{");
    assertTrue(CommandLineRun.of(tokenize).refused(2).contains("is not JSON"));
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (var files = Files.list(from)) {
      for (Path each : files.toList()) {
        Files.copy(each, to.resolve(each.getFileName()));
      }
    }
  }
}
