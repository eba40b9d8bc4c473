package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every file of configs/models/ runs, on a checkpoint of its family with random weights and two
 * layers: what is replaced are path, data and sizes.
 */
class ReadyModelsTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Path FAMILIES =
      ROOT.resolve("engine/tokenizer/src/test/resources/chat/families");
  private static final String SHAPE =
      """
      "vocab_size": 320, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
      "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 4096,
      "hidden_act": "silu", "initializer_range": 0.02, "rms_norm_eps": 1e-6,\
      """;

  @TempDir Path directory;

  /** What tells a family: its config.json less the shape, its special tokens, its template. */
  private enum Family {
    QWEN2_5(
        """
        {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "rope_theta": 1000000.0,
         "tie_word_embeddings": true, "use_sliding_window": false,\
        """,
        List.of("<|im_start|>", "<|im_end|>"),
        "<|endoftext|>",
        "qwen2.5.jinja"),
    QWEN3(
        """
        {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "rope_theta": 1000000,
         "head_dim": 32, "attention_bias": false, "tie_word_embeddings": true,\
        """,
        List.of("<|im_start|>", "<think>", "</think>", "<|endoftext|>"),
        "<|im_end|>",
        "qwen3.jinja"),
    LLAMA_3_2(
        """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "rope_theta": 500000.0,
         "attention_bias": false, "mlp_bias": false, "head_dim": 16, "tie_word_embeddings": true,
         "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
           "original_max_position_embeddings": 8192, "rope_type": "llama3"},\
        """,
        List.of("<|begin_of_text|>", "<|eot_id|>"),
        "<|end_of_text|>",
        null),
    SMOLLM2(
        """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "rope_theta": 100000,
         "rope_scaling": null, "attention_bias": false, "tie_word_embeddings": true,\
        """,
        List.of("<|im_start|>", "<|im_end|>"),
        "<|endoftext|>",
        null);

    private final String config;
    private final List<String> special;
    private final String end;
    private final String template;

    Family(String config, List<String> special, String end, String template) {
      this.config = config;
      this.special = special;
      this.end = end;
      this.template = template;
    }
  }

  private static Family family(String file) {
    return switch (file) {
      case "qwen2.5-0.5b" -> Family.QWEN2_5;
      case "qwen3-0.6b" -> Family.QWEN3;
      case "llama-3.2-1b" -> Family.LLAMA_3_2;
      case "smollm2-135m" -> Family.SMOLLM2;
      default -> throw new IllegalArgumentException(file);
    };
  }

  private Path checkpoint(Family family) throws IOException {
    Path model = directory.resolve("model");
    Files.createDirectories(model);
    Path config = model.resolve("config.json");
    Files.writeString(config, family.config + SHAPE + "\"torch_dtype\": \"bfloat16\"}");
    TokenizerBuilder builder =
        TokenizerBuilder.bytes().tags(family.special).endOfSequence(family.end);
    if (family.template != null) {
      // As models ship theirs: without marks.
      String source = Files.readString(FAMILIES.resolve(family.template));
      builder.chatTemplate(source.replaceAll("\\{% (end)?generation %}", ""));
    }
    try (Tokenizer tokenizer = builder.build();
        Backend backend = Backends.open("cpu", 1);
        Transformer weights =
            Transformer.create(backend, HuggingFaceModel.config(model), DType.F32, false)) {
      weights.initialise(7, 0.02);
      HuggingFaceModel.save(
          model, weights.config(), weights.weights(), DType.BF16, backend, tokenizer);
    }
    if (family == Family.LLAMA_3_2) {
      Path file = model.resolve("tokenizer.json");
      String begins =
          """
          "post_processor": {"type": "TemplateProcessing", "pair": [
              {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "single": [{"SpecialToken": {"id": "<|begin_of_text|>", "type_id": 0}},
              {"Sequence": {"id": "A", "type_id": 0}}],
            "special_tokens": {"<|begin_of_text|>": {"id": "<|begin_of_text|>", "ids": [256],
              "tokens": ["<|begin_of_text|>"]}}}\
          """;
      Files.writeString(
          file, Files.readString(file).replaceFirst("\"post_processor\" ?: ?null", begins));
    }
    return model;
  }

  private Path tasks() throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 2; i < 22; i++) {
      lines.append(
          "{\"question\": \"Ann has %d pens and gets %d more. How many?\", \"answer\": \"She has %d+%d=<<%d+%d=%d>>%d.\\n#### %d\"}\n"
              .formatted(i, i, i, i, i, i, 2 * i, 2 * i, 2 * i));
    }
    return Files.writeString(directory.resolve("train.jsonl"), lines);
  }

  private static List<String> sizes(Path model, Path tasks, boolean supervised) {
    List<String> set =
        new ArrayList<>(
            List.of(
                "model.path=" + model,
                "prompt-template.max-tokens=1500",
                "grpo.tasks.jsonl.path=" + tasks,
                "grpo.steps=2",
                "grpo.tasks-per-step=2",
                "grpo.group-size=2",
                "grpo.max-tokens=12",
                "grpo.schedule.warmup=1",
                "evaluation.count=2",
                "evaluation.max-tokens=12"));
    if (supervised) {
      set.addAll(
          List.of(
              "sft.data.jsonl.path=" + tasks,
              "sft.batch=4",
              "sft.epochs=1",
              "sft.schedule.warmup=1"));
    }
    return set.stream().flatMap(s -> Stream.of("--set", s)).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen2.5-0.5b", "qwen3-0.6b", "llama-3.2-1b", "smollm2-135m"})
  void runs(String name) throws IOException {
    Path file = ROOT.resolve("configs/models/" + name + ".yaml");
    List<String> sizes =
        sizes(checkpoint(family(name)), tasks(), Files.readString(file).contains("- sft:"));
    List<String> doctor = new ArrayList<>(List.of("doctor", file.toString()));
    doctor.addAll(sizes);
    String found = CommandLineRun.of(doctor.toArray(String[]::new)).succeeded().out();
    assertTrue(found.contains("prompt-template"), found);
    assertTrue(found.contains("all is well"), found);
    List<String> train =
        new ArrayList<>(List.of("train", file.toString(), "--runs", directory + "/runs"));
    train.addAll(sizes);
    String out = CommandLineRun.of(train.toArray(String[]::new)).succeeded().out();
    assertTrue(out.contains("held-out pass@1"), out);

    // As the file's head says.
    train.addAll(List.of("--set", "model.lora.rank=4", "--set", "model.lora.alpha=8"));
    String adapted = CommandLineRun.of(train.toArray(String[]::new)).succeeded().out();
    assertTrue(adapted.contains("held-out pass@1"), adapted);
  }

  @Test
  void everyFileIsTried() throws IOException {
    try (Stream<Path> files = Files.list(ROOT.resolve("configs/models"))) {
      Set<String> names = new TreeSet<>();
      files.forEach(f -> names.add(f.getFileName().toString().replace(".yaml", "")));
      assertEquals(
          new TreeSet<>(List.of("qwen2.5-0.5b", "qwen3-0.6b", "llama-3.2-1b", "smollm2-135m")),
          names);
    }
  }
}
