package io.whetstone.trainer.command;

import io.whetstone.checkpoints.Checkpoint;
import io.whetstone.checkpoints.CheckpointStore;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.trainer.config.Configuration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What MODEL on a command line stands for.
 *
 * @param model a directory with {@code config.json} and weights
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
   * @param name a run's, a checkpoint's or a model's directory, or {@code ORG/NAME} in the local
   *     Hugging Face cache
   * @throws UsageException when there is none, saying where it was looked for
   */
  static ModelDirectory find(String name, Which which) {
    Path path = Path.of(name);
    if (Files.isDirectory(path.resolve("checkpoints"))) {
      return new ModelDirectory(checkpoint(path, which), Optional.of(path));
    }
    if (Files.isRegularFile(path.resolve(HuggingFaceModel.CONFIG))) {
      if (Files.isRegularFile(path.resolve(MANIFEST))) {
        CheckpointStore.verify(path);
      }
      return new ModelDirectory(path, runOf(path));
    }
    if (Files.exists(path)) {
      throw new UsageException(
          name
              + ": is neither a run (no checkpoints in it) nor a model (no "
              + HuggingFaceModel.CONFIG
              + ")");
    }
    return new ModelDirectory(cached(name), Optional.empty());
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

  private static Path cached(String name) {
    Map<String, String> environment = System.getenv();
    Path home =
        environment.containsKey("HF_HUB_CACHE")
            ? Path.of(environment.get("HF_HUB_CACHE"))
            : environment.containsKey("HF_HOME")
                ? Path.of(environment.get("HF_HOME"), "hub")
                : Path.of(System.getProperty("user.home"), ".cache", "huggingface", "hub");
    if (name.matches("[\\w.-]+/[\\w.-]+")) {
      Path repository = home.resolve("models--" + name.replace("/", "--"));
      try {
        String revision = Files.readString(repository.resolve("refs").resolve("main")).strip();
        Path snapshot = repository.resolve("snapshots").resolve(revision);
        if (Files.isRegularFile(snapshot.resolve(HuggingFaceModel.CONFIG))) {
          return snapshot;
        }
      } catch (IOException e) {
        // Not in the cache: said below.
      }
      throw new UsageException(
          name
              + ": is no directory here, and not in the cache at "
              + home
              + "; fetch it with: hf download "
              + name);
    }
    throw new UsageException(
        name + ": is not there; expected a run, a checkpoint or a model's directory, or ORG/NAME");
  }

  /** The configuration of the run it belongs to, where it can be read. */
  Optional<Configuration> configuration() {
    return run.map(directory -> directory.resolve("config.yaml"))
        .filter(Files::isRegularFile)
        .map(file -> Configuration.load(file, List.of()));
  }
}
