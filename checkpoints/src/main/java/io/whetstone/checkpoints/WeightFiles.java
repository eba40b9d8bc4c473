package io.whetstone.checkpoints;

import com.fasterxml.jackson.databind.JsonNode;
import io.whetstone.checkpoints.gguf.GgufDirectory;
import io.whetstone.checkpoints.gguf.GgufFile;
import io.whetstone.checkpoints.gguf.GgufWeights;
import io.whetstone.model.FrozenTypes;
import io.whetstone.model.ModelConfig;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The weights of a model directory: a safetensors file, or shards listed by an index, or a GGUF
 * file.
 */
final class WeightFiles implements AutoCloseable {
  static final String INDEX = HuggingFaceModel.WEIGHTS + ".index.json";

  private static final String HEAD = "lm_head.weight";
  private static final String TABLE = "model.embed_tokens.weight";

  private final Path origin;
  private final List<SafetensorsFile> files = new ArrayList<>();
  private final Map<String, SafetensorsFile> fileOfTensor = new LinkedHashMap<>();
  private GgufFile gguf;

  private WeightFiles(Path origin) {
    this.origin = origin;
  }

  /** Both there: the single file, as transformers does. */
  static WeightFiles open(Path directory) {
    Path single = directory.resolve(HuggingFaceModel.WEIGHTS);
    Path index = directory.resolve(INDEX);
    Path gguf = directory.resolve(GgufDirectory.WEIGHTS);
    if (!Files.isRegularFile(single) && Files.isRegularFile(gguf)) {
      WeightFiles files = new WeightFiles(gguf);
      files.gguf = GgufFile.open(gguf);
      return files;
    }
    boolean sharded = !Files.isRegularFile(single) && Files.isRegularFile(index);
    if (!sharded && !Files.isRegularFile(single)) {
      throw new CheckpointException(
          directory
              + ": neither "
              + HuggingFaceModel.WEIGHTS
              + " nor "
              + INDEX
              + (Files.exists(directory.resolve("pytorch_model.bin"))
                  ? "; pytorch_model.bin is not read: save the model with transformers again"
                  : ""));
    }
    if (!sharded) {
      return of(single);
    }
    WeightFiles files = new WeightFiles(index);
    try {
      files.openShards(directory, HuggingFaceModel.readObject(index).path("weight_map"));
      return files;
    } catch (RuntimeException e) {
      files.close();
      throw e;
    }
  }

  /** One file of whatever name. */
  static WeightFiles of(Path file) {
    WeightFiles files = new WeightFiles(file);
    SafetensorsFile opened = files.add(file);
    opened.tensors().keySet().forEach(name -> files.fileOfTensor.put(name, opened));
    return files;
  }

  private void openShards(Path directory, JsonNode weightMap) {
    Map<String, Set<String>> namesOfShard = new TreeMap<>();
    weightMap
        .properties()
        .forEach(
            e ->
                namesOfShard
                    .computeIfAbsent(e.getValue().asText(), shard -> new HashSet<>())
                    .add(e.getKey()));
    if (namesOfShard.isEmpty()) {
      throw new CheckpointException(origin + ": weight_map is missing or empty");
    }
    namesOfShard.forEach(
        (shard, names) -> {
          if (!isName(shard)) {
            throw new CheckpointException(
                origin + ": weight_map: \"" + shard + "\" is not a file's name");
          }
          SafetensorsFile file = add(directory.resolve(shard));
          Safetensors.requireSameNames(file.path(), file.tensors().keySet(), names);
          names.forEach(name -> fileOfTensor.put(name, file));
        });
  }

  private static boolean isName(String shard) {
    try {
      Path path = Path.of(shard);
      return !shard.isEmpty() && path.normalize().equals(path.getFileName());
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private SafetensorsFile add(Path path) {
    SafetensorsFile file = SafetensorsFile.open(path);
    files.add(file);
    return file;
  }

  /** How each tensor is stored. */
  Map<String, StoredType> types() {
    Map<String, StoredType> types = new LinkedHashMap<>();
    fileOfTensor.forEach((name, file) -> types.put(name, file.tensors().get(name).type()));
    return types;
  }

  /** The quantised types that weights are stored in. */
  FrozenTypes quantized(ModelConfig config) {
    if (gguf == null) {
      return FrozenTypes.NONE;
    }
    GgufWeights weights = new GgufWeights(gguf, config);
    return (name, columns) -> weights.blocks(name);
  }

  /** Fills a model's weights; the files must hold these and no others. */
  void read(Map<String, Tensor> weights, ModelConfig config, Backend backend) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    weights.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
    requireAll(shapes, config);
    weights.forEach((name, tensor) -> readOne(name, tensor, config, backend));
  }

  /** Fails where the files do not hold these weights, in these shapes, or hold others. */
  void requireAll(Map<String, Shape> weights, ModelConfig config) {
    if (gguf != null) {
      new GgufWeights(gguf, config).requireAll(weights);
      return;
    }
    Set<String> present = new HashSet<>(fileOfTensor.keySet());
    present.removeIf(name -> redundant(name, config));
    Safetensors.requireSameNames(origin, present, weights.keySet());
    weights.forEach((name, shape) -> fileOfTensor.get(name).require(name, shape));
    if (config.tiedEmbeddings() && fileOfTensor.containsKey(HEAD)) {
      requireTied();
    }
  }

  /** What transformers does here depends on its version: from 5 on it does not tie these. */
  private void requireTied() {
    if (!fileOfTensor.get(HEAD).holdsTheSame(HEAD, fileOfTensor.get(TABLE), TABLE)) {
      throw new CheckpointException(
          origin
              + ": "
              + HEAD
              + " is not "
              + TABLE
              + ", as "
              + HuggingFaceModel.CONFIG
              + " says by tie_word_embeddings; set it to false there to use both");
    }
  }

  /** Fills one of them. */
  void readOne(String name, Tensor tensor, ModelConfig config, Backend backend) {
    if (gguf != null) {
      new GgufWeights(gguf, config).read(name, tensor, backend);
    } else {
      fileOfTensor.get(name).read(name, tensor, backend);
    }
  }

  /** What old files hold although the configuration determines it; transformers skips it too. */
  private static boolean redundant(String name, ModelConfig config) {
    return name.endsWith(".rotary_emb.inv_freq") || config.tiedEmbeddings() && name.equals(HEAD);
  }

  @Override
  public void close() {
    files.forEach(SafetensorsFile::close);
    if (gguf != null) {
      gguf.close();
    }
  }
}
