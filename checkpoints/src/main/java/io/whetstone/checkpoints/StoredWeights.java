package io.whetstone.checkpoints;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * How weights are written: each tensor's type, and how large a file may become.
 *
 * @param types by a tensor's name: F32, F16 or BF16
 * @param maxShardBytes a file holds no more bytes of tensors than this, or one tensor
 */
public record StoredWeights(Function<String, StoredType> types, long maxShardBytes) {
  public StoredWeights {
    if (maxShardBytes < 1) {
      throw new IllegalArgumentException("max-shard-size: " + maxShardBytes + " is not at least 1");
    }
  }

  /** All of one type in one file. */
  public static StoredWeights of(StoredType type) {
    return new StoredWeights(name -> type, Long.MAX_VALUE);
  }

  /**
   * Each tensor as a model's directory has it.
   *
   * @throws CheckpointException when there are no weights
   */
  public static Function<String, StoredType> asIn(Path directory) {
    try (WeightFiles files = WeightFiles.open(directory)) {
      Map<String, StoredType> types = files.types();
      return name -> types.getOrDefault(name, StoredType.F32);
    }
  }

  /** Writes one file, or shards and their index, as transformers names them. */
  void write(Path directory, TensorSource weights, Backend backend) throws IOException {
    List<Map<String, Shape>> shards = shards(weights.shapes());
    if (shards.size() == 1) {
      Safetensors.write(directory.resolve(HuggingFaceModel.WEIGHTS), weights, types, backend);
      return;
    }
    ObjectNode index = JsonNodeFactory.instance.objectNode();
    long total = 0;
    Map<String, String> shardOfTensor = new TreeMap<>();
    for (int i = 0; i < shards.size(); i++) {
      String name =
          String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
      Safetensors.write(directory.resolve(name), only(shards.get(i), weights), types, backend);
      for (Map.Entry<String, Shape> tensor : shards.get(i).entrySet()) {
        shardOfTensor.put(tensor.getKey(), name);
        total += bytes(tensor.getKey(), tensor.getValue());
      }
    }
    index.putObject("metadata").put("total_size", total);
    ObjectNode map = index.putObject("weight_map");
    shardOfTensor.forEach(map::put);
    HuggingFaceModel.write(directory.resolve(WeightFiles.INDEX), index);
  }

  private static TensorSource only(Map<String, Shape> some, TensorSource all) {
    return new TensorSource() {
      @Override
      public Map<String, Shape> shapes() {
        return some;
      }

      @Override
      public Tensor tensor(String name) {
        return all.tensor(name);
      }
    };
  }

  private List<Map<String, Shape>> shards(Map<String, Shape> weights) {
    List<Map<String, Shape>> shards = new ArrayList<>();
    Map<String, Shape> shard = new LinkedHashMap<>();
    long size = 0;
    for (Map.Entry<String, Shape> tensor : weights.entrySet()) {
      long bytes = bytes(tensor.getKey(), tensor.getValue());
      if (!shard.isEmpty() && size + bytes > maxShardBytes) {
        shards.add(shard);
        shard = new LinkedHashMap<>();
        size = 0;
      }
      shard.put(tensor.getKey(), tensor.getValue());
      size += bytes;
    }
    shards.add(shard);
    return shards;
  }

  private long bytes(String name, Shape shape) {
    return shape.size() * types.apply(name).bytes();
  }

  /** What transformers calls the type of most numbers. */
  String dominant(Map<String, Shape> weights) {
    Map<StoredType, Long> numbers = new TreeMap<>();
    weights.forEach((name, shape) -> numbers.merge(types.apply(name), shape.size(), Long::sum));
    StoredType most =
        numbers.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
    return switch (most) {
      case BF16 -> "bfloat16";
      case F16 -> "float16";
      default -> "float32";
    };
  }
}
