package io.whetstone.trainer.loop;

import io.whetstone.checkpoints.AdaptedModel;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.PeftAdapter;
import io.whetstone.checkpoints.gguf.GgufDirectory;
import io.whetstone.hub.HubName;
import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.Quantization;
import io.whetstone.trainer.rollout.Purpose;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Loads models, and adapters with the model they belong to. */
public final class BaseModel {
  private BaseModel() {}

  /**
   * The directory of the model itself: that an adapter belongs to, where one is there, else the
   * directory given.
   *
   * @throws IllegalArgumentException when the adapter's model is not there
   */
  public static Path directory(Path directory) {
    if (!PeftAdapter.isAt(directory)) {
      return directory;
    }
    Path config = directory.resolve(PeftAdapter.CONFIG);
    AdaptedModel adapted =
        PeftAdapter.read(directory)
            .base()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        config
                            + ": base_model_name_or_path is not given: write the base model's"
                            + " directory there"));
    String name = adapted.name();
    Path beside = directory.resolve(name);
    boolean isBeside = Files.isDirectory(beside) || GgufDirectory.isFile(beside);
    Path base = Policy.directory(isBeside ? beside : atRevision(adapted));
    if (!Files.isRegularFile(base.resolve(HuggingFaceModel.CONFIG))) {
      throw new IllegalArgumentException(
          config
              + ": base_model_name_or_path: no model is at "
              + name
              + ": put the base model there, or write where it is");
    }
    return base;
  }

  /** A name at the hub with its revision, which a directory has none of. */
  private static Path atRevision(AdaptedModel adapted) {
    boolean isName = HubName.parse(HubName.Kind.MODEL, adapted.name()).isPresent();
    return Path.of(
        isName && !Files.exists(Path.of(adapted.name()))
            ? adapted.name() + adapted.revision().map(revision -> "@" + revision).orElse("")
            : adapted.name());
  }

  /**
   * A model's directory as an adapter names it: a snapshot of the hub's by its name and commit, one
   * that was made of a GGUF file by that file.
   */
  public static AdaptedModel named(Path directory) {
    Path weights = directory.resolve(GgufDirectory.WEIGHTS);
    if (Files.isSymbolicLink(weights)) {
      try {
        return AdaptedModel.at(weights.toRealPath().toString());
      } catch (IOException e) {
        return AdaptedModel.at(directory.toString()); // The file is no longer there.
      }
    }
    return HubName.ofSnapshot(HubName.Kind.MODEL, directory)
        .map(name -> new AdaptedModel(name.repository(), Optional.of(name.revision())))
        .orElseGet(() -> AdaptedModel.at(directory.toString()));
  }

  /**
   * A model, with its adapters where the directory is an adapter's.
   *
   * @param quantize what the weights beside adapters are rounded to; else they are as they are
   *     stored, a GGUF file's blocks too
   */
  public static Transformer load(
      Path directory, Backend backend, DType compute, Optional<DType> quantize) {
    return PeftAdapter.isAt(directory)
        ? adapted(
            directory(directory), PeftAdapter.read(directory), backend, compute, false, quantize)
        : HuggingFaceModel.load(directory, backend, compute, false);
  }

  /** The adapters that are there to be trained on, if any. */
  public static Optional<PeftAdapter> adapter(Experiment experiment, Path path) {
    Path given = Policy.directory(path);
    boolean isAdapter = PeftAdapter.isAt(given);
    if (isAdapter && experiment.model().adapts()) {
      throw new IllegalArgumentException(
          "model.path: "
              + path
              + " holds adapters, which are trained on; leave lora and adapter out, or export it"
              + " with --merge and start from that");
    }
    Optional<PeftAdapter> adapter =
        isAdapter
            ? Optional.of(PeftAdapter.read(given))
            : experiment.model().adapter().map(Policy::directory).map(PeftAdapter::read);
    adapter.ifPresent(a -> requireNoDropout(a.lora(), experiment));
    return adapter;
  }

  /**
   * What a run trains in place of the model's weights, if anything.
   *
   * @param shape the model's
   * @throws IllegalArgumentException when that cannot be
   */
  public static Optional<Lora> adapters(Experiment experiment, Path path, ModelConfig shape) {
    return adapter(experiment, path)
        .map(adapter -> adapter.lora(shape))
        .or(() -> experiment.model().lora().map(settings -> settings.of(shape)));
  }

  /** What a run starts from that is not made from scratch. */
  static Policy start(Experiment experiment, Path path, Backend backend) {
    Optional<PeftAdapter> adapter = adapter(experiment, path);
    DType compute = experiment.precision().compute();
    Optional<DType> quantize = experiment.model().quantize().map(Quantization::dtype);
    Path base = directory(Policy.directory(path));
    Transformer model;
    if (adapter.isPresent()) {
      model = adapted(base, adapter.get(), backend, compute, true, quantize);
    } else if (experiment.model().lora().isPresent()) {
      Lora lora = experiment.model().lora().get().of(HuggingFaceModel.config(base));
      model = HuggingFaceModel.load(base, backend, compute, Optional.of(lora), true, quantize);
      model.initialiseAdapters(Purpose.ADAPTERS.key(experiment.seed()));
    } else {
      model = HuggingFaceModel.load(base, backend, compute, true);
    }
    return new Policy(model, Tokenizer.load(base));
  }

  private static void requireNoDropout(Lora lora, Experiment experiment) {
    if (experiment.exact().orElse(true) && lora.dropout() > 0) {
      throw new IllegalArgumentException(
          "model: the adapter's lora_dropout is "
              + lora.dropout()
              + ": with dropout the trainer's logprobs are not the sampler's; set exact: false, or"
              + " lora_dropout to 0 in its "
              + PeftAdapter.CONFIG);
    }
  }

  private static Transformer adapted(
      Path base,
      PeftAdapter adapter,
      Backend backend,
      DType compute,
      boolean trainable,
      Optional<DType> quantize) {
    Lora lora = adapter.lora(HuggingFaceModel.config(base));
    Transformer model =
        HuggingFaceModel.load(base, backend, compute, Optional.of(lora), trainable, quantize);
    try {
      adapter.load(model);
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }
}
