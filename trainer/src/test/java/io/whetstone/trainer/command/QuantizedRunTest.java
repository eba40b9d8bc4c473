package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.checkpoints.AdaptedModel;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.PeftAdapter;
import io.whetstone.checkpoints.Safetensors;
import io.whetstone.checkpoints.SafetensorsFile;
import io.whetstone.checkpoints.StoredTensor;
import io.whetstone.checkpoints.gguf.GgufDirectory;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.tensor.quantized.BlockCodec;
import io.whetstone.trainer.loop.BaseModel;
import io.whetstone.trainer.loop.Policy;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Who uses a run with model.quantize later has the rounded weights that it was trained beside. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class QuantizedRunTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Path directory;
  private Path base;
  private Path run;

  @BeforeAll
  void train(@TempDir Path temporary) throws IOException {
    directory = temporary;
    base = directory.resolve("base");
    String[] shape = {
      "--set", "model.from-scratch.hidden=32", "--set", "model.from-scratch.feed-forward=64"
    };
    CommandLineRun.train(
            directory, "whole", shape[0], shape[1], shape[2], shape[3], "--set", "grpo.steps=1")
        .succeeded();
    CommandLineRun.of("export", directory.resolve("whole").toString(), "--to", base.toString())
        .succeeded();
    CommandLineRun.train(
            directory,
            "quantized",
            "--set",
            "model={path: " + base + ", lora: {rank: 4}, quantize: q8_0}",
            "--set",
            "precision=bf16",
            "--set",
            "grpo.steps=2")
        .succeeded();
    run = directory.resolve("quantized");
  }

  @Test
  void whatWasSampledIsWhatIsTrainedOn() throws IOException {
    assertEquals(Set.of(0.0), new HashSet<>(RunFiles.values(run, "exact/logprob-mismatch-max")));
  }

  @Test
  void itsWeightsAreHeldAsBlocks() {
    ModelDirectory found = ModelDirectory.find(run.toString(), ModelDirectory.Which.LATEST);
    try (Backend backend = Backends.open("cpu", 1);
        Policy policy = found.policy(backend, DType.BF16)) {
      String layer = "model.layers.0.";
      Map<String, Tensor> weights = policy.model().weights();
      assertEquals(DType.Q8_0, weights.get(layer + "self_attn.o_proj.weight").dtype());
      assertEquals(DType.Q8_0, weights.get(layer + "mlp.gate_proj.weight").dtype());
      assertEquals(DType.Q8_0, weights.get("model.embed_tokens.weight").dtype());
    }
  }

  /** A model whose files hold the rounded numbers gives the run's logprobs, to the bit. */
  @Test
  void logprobsAreThoseBesideTheRoundedWeights() throws IOException {
    Path ids = directory.resolve("ids.jsonl");
    Files.writeString(ids, "{\"ids\": [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]}\n");
    Path beside = directory.resolve("beside");
    CommandLineRun.of("export", run.toString(), "--to", beside.toString(), "--format", "peft")
        .succeeded();
    assertTrue(Files.readString(beside.resolve("README.md")).contains("quantised to q8_0;"));
    String unrounded = logprobs(beside, ids);
    assertTrue(
        answer(beside, ids).err().contains("quantised to q8_0; here they are not quantised"));
    assertEquals("", answer(run, ids).err());
    Path config = beside.resolve(PeftAdapter.CONFIG);
    ObjectNode root = (ObjectNode) JSON.readTree(Files.readAllBytes(config));
    root.put("base_model_name_or_path", rounded().toString());
    Files.write(config, JSON.writeValueAsBytes(root));
    String expected = logprobs(beside, ids);
    assertEquals(expected, logprobs(run, ids));
    assertNotEquals(expected, unrounded, "rounding does not show");
    String drawn =
        CommandLineRun.of("generate", run.toString(), "--prompt", "3+4=?", "--json")
            .succeeded()
            .out();
    assertEquals(
        drawn,
        CommandLineRun.of(
                "generate", beside.toString(), "--prompt", "3+4=?", "--json", "--precision", "bf16")
            .succeeded()
            .out());
  }

  /** Trained on, they say it once more; beside weights so quantised, nothing. */
  @Test
  void whatItIsTrainedOnBesideIsSaid() {
    String checkpoint =
        ModelDirectory.find(run.toString(), ModelDirectory.Which.LATEST).model().toString();
    assertTrue(onwards("onwards", checkpoint, "").err().contains("here they are not quantised"));
    String same = onwards("same", checkpoint, ", quantize: q8_0").err();
    assertFalse(same.contains("quantised"), same);
  }

  private CommandLineRun onwards(String name, String checkpoint, String more) {
    return CommandLineRun.train(
            directory,
            name,
            "--set",
            "model={path: " + base + ", adapter: " + checkpoint + more + "}",
            "--set",
            "grpo.steps=1")
        .succeeded();
  }

  /** A GGUF file is found again by its own name, not by where it was unpacked. */
  @Test
  void anAdapterNamesTheFileThatItsBaseIs() throws IOException {
    Path gguf = directory.resolve("gguf");
    CommandLineRun.of("export", base.toString(), "--to", gguf.toString(), "--format", "gguf")
        .succeeded();
    Path file = gguf.resolve("model.gguf");
    Path unpacked = GgufDirectory.of(file, directory);
    assertEquals(AdaptedModel.at(file.toRealPath().toString()), BaseModel.named(unpacked));
    assertEquals(AdaptedModel.at(base.toString()), BaseModel.named(base));
  }

  private static CommandLineRun answer(Path model, Path ids) {
    return CommandLineRun.of(
            "logprobs", model.toString(), "--ids", ids.toString(), "--precision", "bf16")
        .succeeded();
  }

  private static String logprobs(Path model, Path ids) {
    return answer(model, ids).out();
  }

  private Path rounded() throws IOException {
    Path to = directory.resolve("rounded");
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(base)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
    try (Backend backend = Backends.open("cpu", 1);
        Workspace workspace = backend.workspace("rounded");
        SafetensorsFile from = SafetensorsFile.open(base.resolve(HuggingFaceModel.WEIGHTS))) {
      Map<String, Tensor> tensors = new HashMap<>();
      for (StoredTensor stored : from.tensors().values()) {
        int[] extents = stored.shape().stream().mapToInt(Math::toIntExact).toArray();
        Tensor tensor = workspace.tensor(DType.F32, extents);
        float[] numbers = from.floats(stored.name());
        backend.write(tensor, extents.length == 2 ? rounded(numbers) : numbers);
        tensors.put(stored.name(), tensor);
      }
      Safetensors.write(to.resolve(HuggingFaceModel.WEIGHTS), tensors, backend);
    }
    return to;
  }

  private static float[] rounded(float[] numbers) {
    BlockCodec codec = BlockCodec.of(DType.Q8_0);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment blocks = arena.allocate(DType.Q8_0.bytes(numbers.length));
      codec.encodeAll(numbers, blocks, 0);
      float[] back = new float[numbers.length];
      codec.decodeAll(blocks, 0, back);
      return back;
    }
  }
}
