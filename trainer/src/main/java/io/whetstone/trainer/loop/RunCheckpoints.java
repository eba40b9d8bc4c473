package io.whetstone.trainer.loop;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.checkpoints.CarriedFiles;
import io.whetstone.checkpoints.Checkpoint;
import io.whetstone.checkpoints.CheckpointException;
import io.whetstone.checkpoints.CheckpointStore;
import io.whetstone.checkpoints.CheckpointWriter;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.PeftAdapter;
import io.whetstone.checkpoints.Safetensors;
import io.whetstone.checkpoints.StoredType;
import io.whetstone.checkpoints.StoredWeights;
import io.whetstone.checkpoints.TensorSource;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Saves and restores everything a run's next step depends on: the policy's weights, or its adapters
 * where these are all that is trained, the stage's tensors (optimizer moments, reference weights)
 * and its {@link RunState}.
 */
public final class RunCheckpoints {
  /** The averaged weights' file in a checkpoint, where a run keeps an average. */
  public static final String AVERAGE = "average.safetensors";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final CheckpointStore store;
  private final Policy policy;
  private final Backend backend;
  private final Optional<Path> base;
  private final Optional<CarriedFiles> carried;

  /**
   * @param source the model the policy started from, to which its adapters belong, if it has any;
   *     it is then not saved. Else what it holds besides weights is
   */
  RunCheckpoints(Path directory, int kept, Policy policy, Optional<Path> source) {
    boolean adapted = policy.model().lora().isPresent();
    this.base = source.filter(path -> adapted);
    this.carried = source.filter(path -> !adapted).map(CarriedFiles::of);
    this.store = new CheckpointStore(directory, kept);
    this.policy = policy;
    this.backend = policy.model().backend();
  }

  /**
   * Saves a checkpoint numbered by the steps done.
   *
   * @param tensors the stage's; empty between stages
   * @param files writes the stage's own files; nothing between stages
   * @param score what was measured on held-out tasks at these weights, if anything
   */
  Checkpoint save(
      RunState state, Map<String, Tensor> tensors, CheckpointWriter files, OptionalDouble score) {
    return store.save(
        state.globalStep,
        score,
        directory -> {
          savePolicy(directory);
          if (!tensors.isEmpty()) {
            Safetensors.write(directory.resolve(Checkpoint.OPTIMIZER), tensors, backend);
          }
          files.write(directory);
          Checkpoint.writeProgress(directory, json(state));
        });
  }

  private void savePolicy(Path directory) throws IOException {
    if (base.isPresent()) {
      PeftAdapter.save(
          directory,
          policy.model(),
          policy.model().trained(),
          name -> StoredType.F32,
          BaseModel.named(base.get()));
    } else if (carried.isPresent()) {
      HuggingFaceModel.save(
          directory,
          policy.model().config(),
          TensorSource.of(policy.model().weights()),
          StoredWeights.of(StoredType.F32),
          backend,
          policy.tokenizer(),
          carried.get());
    } else {
      HuggingFaceModel.save(
          directory,
          policy.model().config(),
          policy.model().weights(),
          DType.F32,
          backend,
          policy.tokenizer());
    }
  }

  /** The newest checkpoint, verified, if there is one; cleans up what a killed process left. */
  Optional<Checkpoint> latest() {
    store.recover();
    return store.latest();
  }

  /** What {@link #state} reads back. */
  static JsonNode json(RunState state) {
    return JSON.valueToTree(state);
  }

  /** Where the run stood at a checkpoint. */
  static RunState state(Checkpoint checkpoint) {
    try {
      return JSON.treeToValue(checkpoint.progress(), RunState.class);
    } catch (JsonProcessingException e) {
      throw new CheckpointException(
          checkpoint.directory()
              + ": its progress cannot be read by this version: "
              + e.getOriginalMessage(),
          e);
    }
  }

  private String weights() {
    return base.isPresent() ? PeftAdapter.WEIGHTS : HuggingFaceModel.WEIGHTS;
  }

  /** Reads the policy's weights. */
  void restoreWeights(Checkpoint checkpoint) {
    Safetensors.read(checkpoint.directory().resolve(weights()), policy.model().trained(), backend);
    policy.model().trainedChanged();
  }

  /** Reads a stage's tensors and numbers. */
  void restoreStage(Checkpoint checkpoint, RunState state, StageLoop loop) {
    if (state.loop != null) {
      if (Files.exists(checkpoint.optimizer())) {
        Safetensors.read(checkpoint.optimizer(), loop.tensors(), backend);
      }
      try {
        loop.restore(state.loop, checkpoint.directory());
      } catch (IOException e) {
        throw new CheckpointException(
            checkpoint.directory() + ": cannot be read: " + e.getMessage(), e);
      }
    }
  }

  /** SHA-256 of the newest checkpoint's weights file; null where there is no checkpoint. */
  String weightsSha256() {
    return store
        .latest()
        .map(checkpoint -> checkpoint.directory().resolve(weights()))
        .map(RunCheckpoints::sha256)
        .orElse(null);
  }

  private static String sha256(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      in.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
