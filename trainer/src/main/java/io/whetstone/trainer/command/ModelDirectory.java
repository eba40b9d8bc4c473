package io.whetstone.trainer.command;

import io.whetstone.checkpoints.Checkpoint;
import io.whetstone.checkpoints.CheckpointStore;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.PeftAdapter;
import io.whetstone.checkpoints.gguf.GgufDirectory;
import io.whetstone.hub.HubException;
import io.whetstone.hub.HubName;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.trainer.config.Configuration;
import io.whetstone.trainer.config.Quantization;
import io.whetstone.trainer.loop.BaseModel;
import io.whetstone.trainer.loop.Policy;
import io.whetstone.trainer.run.HubProgress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What MODEL on a command line stands for.
 *
 * @param model a directory with {@code config.json} and weights, or with an adapter
 * @param run the run it belongs to, if any
 */
record ModelDirectory(Path model, Optional<Path> run) {
  private static final String MANIFEST = "manifest.json";

  /** Which of a run's checkpoints. */
  enum Which {
    LATEST,
    BEST
  }

  /**
   * Finds the model.
   *
   * @param name a run's, a checkpoint's or a model's directory, or a GGUF file; where there is
   *     none, {@code ORG/NAME} or {@code ORG/NAME@revision}, from Hugging Face's cache, else
   *     downloaded into it
   * @throws UsageException when there is none, saying where it was looked for
   */
  static ModelDirectory find(String name, Which which) {
    Path path = Path.of(name);
    if (Files.isDirectory(path.resolve("checkpoints"))) {
      return new ModelDirectory(checkpoint(path, which), Optional.of(path));
    }
    if (Files.isRegularFile(path.resolve(HuggingFaceModel.CONFIG)) || PeftAdapter.isAt(path)) {
      if (Files.isRegularFile(path.resolve(MANIFEST))) {
        CheckpointStore.verify(path);
      }
      return new ModelDirectory(path, runOf(path));
    }
    if (GgufDirectory.isFile(path)) {
      return new ModelDirectory(GgufDirectory.of(path), Optional.empty());
    }
    if (Files.exists(path)) {
      throw new UsageException(
          name
              + ": is neither a run (no checkpoints in it) nor a model (no "
              + HuggingFaceModel.CONFIG
              + ") nor an adapter (no "
              + PeftAdapter.CONFIG
              + ")");
    }
    return new ModelDirectory(named(name), Optional.empty());
  }

  private static Path checkpoint(Path run, Which which) {
    CheckpointStore store = new CheckpointStore(run.resolve("checkpoints"));
    Optional<Checkpoint> checkpoint = which == Which.BEST ? store.best() : store.latest();
    return checkpoint
        .map(Checkpoint::directory)
        .orElseThrow(
            () ->
                new UsageException(
                    run
                        + ": has no checkpoint"
                        + (which == Which.BEST ? " with a score; leave --best out" : " yet")));
  }

  /** A checkpoint lies in RUN/checkpoints. */
  private static Optional<Path> runOf(Path checkpoint) {
    Path parent = checkpoint.toAbsolutePath().normalize().getParent();
    boolean inRun = parent != null && parent.endsWith("checkpoints");
    return inRun ? Optional.of(parent.getParent()) : Optional.empty();
  }

  private static Path named(String name) {
    HubName hubName =
        HubName.parse(HubName.Kind.MODEL, name)
            .orElseThrow(
                () ->
                    new UsageException(
                        name
                            + ": is not there; expected a run, a checkpoint or a model's directory,"
                            + " or ORG/NAME"));
    try {
      return HubProgress.hub().model(hubName);
    } catch (HubException e) {
      if (e.isUnreachable()) {
        throw e;
      }
      throw new UsageException(name + ": is no directory here; at the hub: " + e.getMessage());
    }
  }

  /** The policy, beside weights that are rounded as they were where it was trained. */
  Policy policy(Backend backend, DType compute) {
    return Policy.load(model, backend, compute, quantize());
  }

  /** The same without a tokenizer. */
  Transformer transformer(Backend backend, DType compute) {
    return BaseModel.load(model, backend, compute, quantize());
  }

  /** What there is to know of a model opened from here: see {@link PeftAdapter#caution}. */
  Optional<String> caution(Transformer opened) {
    return PeftAdapter.isAt(model)
        ? PeftAdapter.read(model)
            .caution(opened.weights().values().stream().map(Tensor::dtype).toList())
        : Optional.empty();
  }

  private Optional<DType> quantize() {
    return configuration()
        .flatMap(run -> run.experiment().model().quantize())
        .map(Quantization::dtype);
  }

  /** The configuration of the run it belongs to, where it can be read. */
  Optional<Configuration> configuration() {
    return run.map(directory -> directory.resolve("config.yaml"))
        .filter(Files::isRegularFile)
        .map(file -> Configuration.load(file, List.of()));
  }
}
