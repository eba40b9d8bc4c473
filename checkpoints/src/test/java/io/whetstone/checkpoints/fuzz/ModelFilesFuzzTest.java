package io.whetstone.checkpoints.fuzz;

import io.whetstone.checkpoints.CheckpointException;
import io.whetstone.checkpoints.HuggingFaceModel;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
      void read(Path file) {
        HuggingFaceModel.config(file.getParent());
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
      void read(Path file) {
        try (Backend backend = Backends.open("cpu", 1)) {
          HuggingFaceModel.load(file.getParent(), backend, DType.F32, false).close();
        }
      }
    },
    TOKENIZER("tokenizer.json") {
      @Override
      byte[] prepare(Path directory) throws IOException {
        return Files.readAllBytes(TOKENIZERS.resolve("bytes.json"));
      }

      @Override
      void read(Path file) {
        tokenizes(file.getParent());
      }
    },
    BPE("tokenizer.json") {
      @Override
      byte[] prepare(Path directory) throws IOException {
        return Files.readAllBytes(TOKENIZERS.resolve("qwen.json"));
      }

      @Override
      void read(Path file) {
        tokenizes(file.getParent());
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
            .getBytes(java.nio.charset.StandardCharsets.UTF_8);
      }

      @Override
      void read(Path file) {
        tokenizes(file.getParent());
        ChatTemplate.load(file.getParent()).ifPresent(template -> template.render(CONVERSATION));
      }
    },
    QWEN3_TEMPLATE("chat_template.jinja") {
      @Override
      byte[] prepare(Path directory) throws IOException {
        return Files.readAllBytes(FAMILIES.resolve("qwen3.jinja"));
      }

      @Override
      void read(Path file) {
        ChatTemplate.load(file.getParent()).orElseThrow().render(CONVERSATION);
      }
    },
    LLAMA3_TEMPLATE("chat_template.jinja") {
      @Override
      byte[] prepare(Path directory) throws IOException {
        return Files.readAllBytes(FAMILIES.resolve("llama3.2.jinja"));
      }

      @Override
      void read(Path file) {
        ChatTemplate.load(file.getParent()).orElseThrow().render(CONVERSATION);
      }
    };

    private final String file;

    Read(String file) {
      this.file = file;
    }

    /** Writes what is beside the file; the file's own bytes. */
    abstract byte[] prepare(Path directory) throws IOException;

    abstract void read(Path file);

    private static void tokenizes(Path directory) {
      try (Tokenizer tokenizer = Tokenizer.load(directory)) {
        tokenizer.decode(tokenizer.encode("<think>37+58 = 95, naïve 漢字</think>\n\n"));
        tokenizer.leading();
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
    fuzz(read, 300);
  }

  @ParameterizedTest
  @EnumSource
  @Tag("long")
  void many(Read read) throws Exception {
    fuzz(read, 10_000);
  }

  private void fuzz(Read read, int files) throws Exception {
    byte[] good = read.prepare(directory);
    Fuzz.of(good, directory.resolve(read.file))
        .files(files)
        .refusedBy(CheckpointException.class, TokenizerException.class)
        .read(read::read);
  }
}
