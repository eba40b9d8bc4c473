package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.checkpoints.AdaptedModel;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.PeftAdapter;
import io.whetstone.checkpoints.StoredType;
import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a model's directory holds besides weights is the same, byte for byte, where it goes. */
class CarriedOverTest {
  private static final ModelConfig SHAPE =
      new ModelConfig(300, 32, 2, new Heads(4, 2, 8), 48, Gate.SILU, 1e4, 1e-6f, true, true, 64);

  /** As people and tools spell them: spaces, orders and keys that nobody here knows. */
  private static final Map<String, String> FILES =
      Map.of(
          "generation_config.json",
          "{ \"eos_token_id\" : [257,\t256], \"do_sample\": true,\r\n\"top_k\":20,"
              + " \"temperature\": 0.60, \"mine\": null }",
          "tokenizer_config.json",
          "{\n"
              + "    \"eos_token\": {\"content\": \"<|end|>\", \"lstrip\": false},\n"
              + "    \"mine\": [1, 2.50],\n"
              + "    \"model_max_length\": 131072}",
          "special_tokens_map.json",
          "{\"eos_token\":\"<|end|>\"}",
          "chat_template.jinja",
          "{%- for m in messages %}\n{{ m.content }}\t\u00e9\n\n{% endfor %}\n\n",
          "additional_chat_templates/tools.jinja",
          "{{ tools }}  \n",
          "LICENSE",
          "Do as you like.\n");

  @TempDir Path directory;
  private Path model;
  private Path adapter;

  @BeforeEach
  void make() throws IOException {
    model = directory.resolve("model");
    adapter = directory.resolve("adapter");
    Lora lora = new Lora(2, 4, 0, false, new TreeSet<>(List.of("model.layers.1.self_attn.q_proj")));
    try (Backend backend = Backends.open("cpu", 1);
        Tokenizer tokenizer =
            TokenizerBuilder.bytes()
                .tags(List.of("<think>"))
                .endOfSequence("<|end|>")
                .pad("<|pad|>")
                .build();
        Transformer transformer = Transformer.create(backend, SHAPE, DType.F32, lora, true)) {
      transformer.initialise(1, 0.1);
      transformer.initialiseAdapters(2);
      HuggingFaceModel.save(model, SHAPE, transformer.weights(), DType.BF16, backend, tokenizer);
      PeftAdapter.save(
          adapter,
          transformer,
          transformer.trained(),
          name -> StoredType.F32,
          AdaptedModel.at(model.toString()));
    }
    for (Map.Entry<String, String> file : FILES.entrySet()) {
      Path path = model.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
    }
    // Not as it would be written here.
    Path tokenizer = model.resolve("tokenizer.json");
    Files.writeString(tokenizer, Files.readString(tokenizer).replace("\n", "\r\n ") + "\n\n");
    Path config = model.resolve(HuggingFaceModel.CONFIG);
    Files.writeString(
        config, Files.readString(config).replaceFirst("\\{", "{\t\"mine\": {\"a\": [1.50]},"));
  }

  private Path export(Path from, String... more) {
    Path to = directory.resolve("exported" + more.length);
    List<String> arguments =
        new ArrayList<>(List.of("export", from.toString(), "--to", to.toString()));
    arguments.addAll(List.of(more));
    CommandLineRun.of(arguments.toArray(String[]::new)).succeeded();
    return to;
  }

  private void assertCarried(Path to) throws IOException {
    List<String> names = new ArrayList<>(FILES.keySet());
    names.add("tokenizer.json");
    for (String name : names) {
      assertArrayEquals(
          Files.readAllBytes(model.resolve(name)), Files.readAllBytes(to.resolve(name)), name);
    }
  }

  private static String config(Path directory) throws IOException {
    return Files.readString(directory.resolve(HuggingFaceModel.CONFIG));
  }

  @Test
  void toAModelAsItIs() throws IOException {
    Path to = export(model);
    assertCarried(to);
    assertEquals(config(model), config(to));
    assertEquals(
        -1,
        Files.mismatch(
            model.resolve(HuggingFaceModel.WEIGHTS), to.resolve(HuggingFaceModel.WEIGHTS)));
  }

  @Test
  void toAMergedModelOfAnotherType() throws IOException {
    Path to = export(adapter, "--merge", "--dtype", "f16");
    assertCarried(to);
    assertEquals(config(model).replace("bfloat16", "float16"), config(to));
  }

  @Test
  void toAnAdaptersTokenizer() throws IOException {
    Path to = export(adapter, "--format", "peft");
    for (String name : List.of("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")) {
      assertArrayEquals(
          Files.readAllBytes(model.resolve(name)), Files.readAllBytes(to.resolve(name)), name);
    }
  }
}
