package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.checkpoints.AdaptedModel;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.PeftAdapter;
import io.whetstone.hub.FakeHub;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.trainer.config.FromScratch;
import io.whetstone.trainer.config.Vocabulary;
import io.whetstone.trainer.loop.Policy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** MODEL by name, in processes of their own: what they read is in their environment. */
class HubModelTest {
  @TempDir Path directory;

  private static void saveModel(Path path) throws IOException {
    FromScratch shape =
        new FromScratch(
            32,
            1,
            4,
            Optional.of(2),
            Optional.empty(),
            64,
            48,
            10000,
            1e-6,
            true,
            false,
            0.02,
            new Vocabulary(
                Optional.of("0123456789+=;?"),
                false,
                List.of("<think>", "</think>", "<answer>", "</answer>")));
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
  }

  private CommandLineRun run(Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(CommandLineRun.command(List.of(), arguments));
    builder.directory(directory.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("HF_"));
    builder.environment().put("HF_HOME", directory.resolve("hugging").toString());
    builder.environment().putAll(environment);
    Path out = Files.createTempFile(directory, "out", "");
    Path err = Files.createTempFile(directory, "err", "");
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    assertTrue(process.waitFor(120, TimeUnit.SECONDS), "hangs");
    return new CommandLineRun(
        process.exitValue(),
        Files.readString(out, StandardCharsets.UTF_8),
        Files.readString(err, StandardCharsets.UTF_8));
  }

  /** As PEFT loads it elsewhere: by name and commit, not by where it lay here. */
  private void assertNamesItsBase(Path adapter) throws IOException {
    Path base = directory.resolve("hugging/hub/models--org--tiny");
    AdaptedModel named = PeftAdapter.read(adapter).base().orElseThrow();
    assertEquals("org/tiny", named.name());
    assertEquals(Files.readString(base.resolve("refs/main")), named.revision().orElseThrow());
  }

  @Test
  void aNameIsDownloadedOnceAndServesEveryVerb() throws IOException, InterruptedException {
    saveModel(directory.resolve("saved"));
    Path configuration = directory.resolve("config.yaml");
    Files.writeString(
        configuration,
        """
        name: named
        model:
          path: org/tiny
          lora: {rank: 2}
        stages:
          - sft:
              data:
                synthetic:
                  sums: {numbers: [2, 2], values: [1, 9]}
              steps: 1
              batch: 2
              learning-rate: 1e-3
        """);
    try (FakeHub hub = new FakeHub().directory(directory.resolve("saved"))) {
      Map<String, String> online = Map.of("HF_ENDPOINT", hub.endpoint().toString());
      CommandLineRun trained =
          run(online, "train", configuration.toString(), "--run", "named").succeeded();
      assertTrue(trained.err().contains("org/tiny: "), trained.err());
      assertTrue(trained.err().contains("MB downloaded"), trained.err());
      assertTrue(
          Files.readString(directory.resolve("runs/named/config.yaml")).contains("path: org/tiny"));
      int asked = hub.requests.size();
      CommandLineRun generated =
          run(online, "generate", "runs/named", "--prompt", "1+2", "--json").succeeded();
      assertTrue(generated.out().contains("prompt-ids"), generated.out());
      assertEquals(asked, hub.requests.size());
      assertNamesItsBase(directory.resolve("runs/named/checkpoints/step-1"));
    }
    String refused =
        run(Map.of("HF_HUB_OFFLINE", "1"), "generate", "some/model", "--prompt", "1").refused(2);
    assertTrue(refused.contains("some/model: is no directory here"), refused);
    assertTrue(refused.contains("hf download some/model"), refused);
  }
}
