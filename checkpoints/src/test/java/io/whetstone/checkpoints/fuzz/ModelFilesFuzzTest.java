package io.whetstone.checkpoints.fuzz;

import io.whetstone.checkpoints.CheckpointException;
import io.whetstone.checkpoints.CheckpointStore;
import io.whetstone.checkpoints.ClassifierModel;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.ModelWeights;
import io.whetstone.checkpoints.PeftAdapter;
import io.whetstone.fuzz.Damage;
import io.whetstone.fuzz.Fuzz;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerException;
import io.whetstone.tokenizer.chat.ChatTemplate;
import io.whetstone.tokenizer.chat.Conversation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Damaged files of a model's directory are read, or refused with one message. */
class ModelFilesFuzzTest {
  private static final Path TOKENIZERS =
      Path.of("../engine/tokenizer/src/test/resources/io/whetstone/tokenizer");
  private static final Path FAMILIES =
      Path.of("../engine/tokenizer/src/test/resources/chat/families");
  private static final Path BASE =
      Path.of("src/test/resources/io/whetstone/checkpoints/families/llama");
  private static final Conversation CONVERSATION =
      new Conversation(
          List.of(
              Map.of("role", "system", "content", "Be brief."),
              Map.of("role", "user", "content", "1+1?"),
              Map.of("role", "assistant", "content", "<think>\nadd\n</think>\n\n2"),
              Map.of("role", "user", "content", "and 2?")),
          null,
          true,
          Optional.empty(),
          Map.of("date_string", "26 Jul 2024"));

  @TempDir Path directory;

  /** A file, what is beside it, and what reads it. */
  enum Read {
    CONFIG("config.json") {
      @Override
      byte[] prepare(Path directory) throws IOException {
        return resource("qwen2/config.json");
      }

      @Override
      void read(Path directory) {
        HuggingFaceModel.config(directory);
      }
    },
    MODEL("config.json") {
      @Override
      byte[] prepare(Path directory) throws IOException {
        Files.write(directory.resolve("model.safetensors"), resource("llama/model.safetensors"));
        return resource("llama/config.json");
      }

      @Override
      void read(Path directory) {
        loads(directory);
      }
    },
    CLASSIFIER("config.json") {
      @Override
      byte[] prepare(Path directory) throws IOException {
        return new String(resource("llama/config.json"), StandardCharsets.UTF_8)
            .replace("LlamaForCausalLM", "LlamaForSequenceClassification")
            .replaceFirst("\\{", "{\"id2label\": {\"0\": \"good\"},")
            .getBytes(StandardCharsets.UTF_8);
      }

      @Override
      void read(Path directory) {
        ClassifierModel.config(directory);
      }
    },
    INDEX("model.safetensors.index.json") {
      @Override
      byte[] prepare(Path directory) throws IOException {
        for (String name :
            List.of(
                "config.json",
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors")) {
          Files.write(directory.resolve(name), resource("qwen2/" + name));
        }
        return resource("qwen2/model.safetensors.index.json");
      }

      @Override
      void read(Path directory) {
        loads(directory);
      }
    },
    ADAPTER_CONFIG(PeftAdapter.CONFIG) {
      @Override
      byte[] prepare(Path directory) throws IOException {
        Files.write(
            directory.resolve(PeftAdapter.WEIGHTS), resource("peft/llama/" + PeftAdapter.WEIGHTS));
        return resource("peft/llama/" + PeftAdapter.CONFIG);
      }

      @Override
      void read(Path directory) {
        adapts(directory);
      }
    },
    ADAPTER(PeftAdapter.WEIGHTS) {
      @Override
      byte[] prepare(Path directory) throws IOException {
        Files.write(
            directory.resolve(PeftAdapter.CONFIG), resource("peft/llama/" + PeftAdapter.CONFIG));
        return resource("peft/llama/" + PeftAdapter.WEIGHTS);
      }

      @Override
      Damage damage() {
        return new SafetensorsDamage();
      }

      @Override
      void read(Path directory) {
        adapts(directory);
      }
    },
    MANIFEST("manifest.json") {
      @Override
      byte[] prepare(Path directory) throws IOException {
        Path checkpoint =
            new CheckpointStore(directory.resolve("run"), 1)
                .save(
                    1,
                    OptionalDouble.of(0.5),
                    to -> Files.writeString(to.resolve("progress.json"), "{}"))
                .directory();
        Files.copy(checkpoint.resolve("progress.json"), directory.resolve("progress.json"));
        return Files.readAllBytes(checkpoint.resolve("manifest.json"));
      }

      @Override
      void read(Path directory) {
        CheckpointStore.verify(directory);
      }
    },
    TOKENIZER("tokenizer.json") {
      @Override
      byte[] prepare(Path directory) throws IOException {
        return Files.readAllBytes(TOKENIZERS.resolve("bytes.json"));
      }

      @Override
      void read(Path directory) {
        tokenizes(directory);
      }
    },
    BPE("tokenizer.json") {
      @Override
      byte[] prepare(Path directory) throws IOException {
        return Files.readAllBytes(TOKENIZERS.resolve("qwen.json"));
      }

      @Override
      void read(Path directory) {
        tokenizes(directory);
      }
    },
    TOKENIZER_CONFIG("tokenizer_config.json") {
      @Override
      byte[] prepare(Path directory) throws IOException {
        Files.copy(TOKENIZERS.resolve("bytes.json"), directory.resolve("tokenizer.json"));
        return """
        {"eos_token": {"content": "<|end|>"}, "pad_token": "<|pad|>", "bos_token": null,
         "chat_template": [{"name": "default", "template": "{% for m in messages %}{{ m.role }}: {{ m.content }}{% endfor %}"},
                           {"name": "tool_use", "template": "{{ tools | tojson }}"}]}\
        """
            .getBytes(StandardCharsets.UTF_8);
      }

      @Override
      void read(Path directory) {
        tokenizes(directory);
        ChatTemplate.load(directory).ifPresent(template -> template.render(CONVERSATION));
      }
    },
    GENERATION_CONFIG("generation_config.json") {
      @Override
      byte[] prepare(Path directory) throws IOException {
        Files.copy(TOKENIZERS.resolve("bytes.json"), directory.resolve("tokenizer.json"));
        return resource("qwen2/generation_config.json");
      }

      @Override
      void read(Path directory) {
        tokenizes(directory);
      }
    },
    QWEN3_TEMPLATE("chat_template.jinja") {
      @Override
      byte[] prepare(Path directory) throws IOException {
        return Files.readAllBytes(FAMILIES.resolve("qwen3.jinja"));
      }

      @Override
      Damage damage() {
        return Damage.words();
      }

      @Override
      void read(Path directory) {
        ChatTemplate.load(directory).orElseThrow().render(CONVERSATION);
      }
    },
    LLAMA3_TEMPLATE("chat_template.jinja") {
      @Override
      byte[] prepare(Path directory) throws IOException {
        return Files.readAllBytes(FAMILIES.resolve("llama3.2.jinja"));
      }

      @Override
      Damage damage() {
        return Damage.words();
      }

      @Override
      void read(Path directory) {
        ChatTemplate.load(directory).orElseThrow().render(CONVERSATION);
      }
    };

    private final String file;

    Read(String file) {
      this.file = file;
    }

    /** Writes what is beside the file; the file's own bytes. */
    abstract byte[] prepare(Path directory) throws IOException;

    abstract void read(Path directory);

    /** What knows the file's form. */
    Damage damage() {
      return Damage.json();
    }

    private static void loads(Path directory) {
      try (Backend backend = Backends.open("cpu", 1)) {
        HuggingFaceModel.load(directory, backend, DType.F32, false).close();
      }
    }

    /** Puts an adapter into its base, tensor by tensor. */
    private static void adapts(Path directory) {
      PeftAdapter adapter = PeftAdapter.read(directory);
      try (Backend backend = Backends.open("cpu", 1);
          ModelWeights merged = ModelWeights.merged(BASE, adapter, adapter.weights(), backend)) {
        merged.shapes().keySet().forEach(merged::tensor);
      }
    }

    private static void tokenizes(Path directory) {
      try (Tokenizer tokenizer = Tokenizer.load(directory)) {
        tokenizer.decode(tokenizer.encode("<think>37+58 = 95, naïve 漢字</think>\n\n"));
        tokenizer.leading();
        tokenizer.endOfSequence();
      }
    }

    private static byte[] resource(String name) throws IOException {
      try (InputStream in = CheckpointException.class.getResourceAsStream(name)) {
        return in.readAllBytes();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSample(Read read) throws Exception {
    fuzz(read, 200);
  }

  @ParameterizedTest
  @EnumSource
  @Tag("long")
  void many(Read read) throws Exception {
    System.out.println(read + ": " + fuzz(read, 10_000));
  }

  private Fuzz.Result fuzz(Read read, int files) throws Exception {
    byte[] good = read.prepare(directory);
    return Fuzz.of(good, directory.resolve(read.file))
        .files(files)
        .damagedBy(read.damage())
        .refusedBy(CheckpointException.class, TokenizerException.class)
        .read(path -> read.read(directory));
  }
}
