package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.PeftAdapter;
import io.whetstone.checkpoints.Safetensors;
import io.whetstone.checkpoints.SafetensorsFile;
import io.whetstone.checkpoints.StoredTensor;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.tensor.quantized.BlockCodec;
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
    String unrounded = logprobs(beside, ids);
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

  private static String logprobs(Path model, Path ids) {
    return CommandLineRun.of(
            "logprobs", model.toString(), "--ids", ids.toString(), "--precision", "bf16")
        .succeeded()
        .out();
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
