package io.whetstone.trainer.command;

import io.whetstone.checkpoints.AdaptedModel;
import io.whetstone.checkpoints.CarriedFiles;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.ModelWeights;
import io.whetstone.checkpoints.PeftAdapter;
import io.whetstone.checkpoints.StoredType;
import io.whetstone.checkpoints.StoredWeights;
import io.whetstone.checkpoints.gguf.GgufExport;
import io.whetstone.checkpoints.gguf.GgufType;
import io.whetstone.model.ModelConfig;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.loop.BaseModel;
import io.whetstone.trainer.loop.Policy;
import io.whetstone.trainer.loop.RunCheckpoints;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a trained model for other tools. */
@Command(
    name = "export",
    description = "Writes a model's directory that serves as it is elsewhere.")
final class ExportCommand implements Callable<Integer> {
  /** How the model is written. */
  enum Format {
    HUGGINGFACE,
    PEFT,
    GGUF
  }

  private final Console console;

  @Parameters(paramLabel = "RUN|CHECKPOINT", description = "What to export.")
  private String model;

  @Option(
      names = "--to",
      paramLabel = "DIR",
      required = true,
      description = "Directory to make; it must not be there yet, or be empty.")
  private Path to;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      defaultValue = "huggingface",
      description = "huggingface (the default), peft (adapters alone) or gguf.")
  private Format format;

  @Option(names = "--best", description = "A run's best checkpoint instead of its latest.")
  private boolean best;

  @Option(
      names = "--average",
      description = "The averaged weights that the run kept, instead of the policy's.")
  private boolean average;

  @Option(
      names = "--merge",
      description = "Merge adapters into the weights; a model without any is written as it is.")
  private boolean merge;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description = {
        "bf16, f16 or f32, and in GGUF q8_0, q6_k or q4_k too: the type of what is written",
        "(default: --precision where it is given, else each tensor as the model has it;",
        "bf16 in GGUF)."
      })
  private Optional<GgufType> type;

  @Option(
      names = "--max-shard-size",
      paramLabel = "SIZE",
      defaultValue = "5GB",
      description = "Bytes of weights to a file, with KB, MB or GB (default: ${DEFAULT-VALUE}).")
  private ByteCount shard;

  @Mixin private EngineOptions engine;

  ExportCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    requireEmpty();
    if (format != Format.GGUF && type.isPresent() && floating().isEmpty()) {
      throw new UsageException(
          "--dtype " + type.get() + ": is a type of --format gguf; expected bf16, f16 or f32");
    }
    ModelDirectory from =
        ModelDirectory.find(model, best ? ModelDirectory.Which.BEST : ModelDirectory.Which.LATEST);
    requirePossible(from.model());
    Path aside = to.toAbsolutePath().normalize();
    aside = aside.resolveSibling("." + aside.getFileName() + ".partial");
    Path base = BaseModel.directory(from.model());
    ModelConfig config = HuggingFaceModel.config(base);
    Optional<PeftAdapter> adapter =
        PeftAdapter.isAt(from.model())
            ? Optional.of(PeftAdapter.read(from.model()))
            : Optional.empty();
    try (Backend backend = engine.open();
        Tokenizer tokenizer = Policy.tokenizer(base, config)) {
      delete(aside);
      makeDirectory(aside);
      if (format == Format.PEFT) {
        writeAdapter(aside, adapter.orElseThrow(), config, base, backend);
        tokenizer.save(aside);
      } else {
        writeModel(aside, from.model(), adapter, config, base, tokenizer, backend);
      }
      new ModelCard(from, adapter, format, merge).write(aside);
      Files.deleteIfExists(to);
      Files.move(aside, to, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      delete(aside);
    }
    console.note("exported " + from.model());
    console.result(to.toString());
    return Whetstone.DONE;
  }

  private void writeAdapter(
      Path aside, PeftAdapter adapter, ModelConfig config, Path base, Backend backend)
      throws IOException {
    AdaptedModel named = BaseModel.named(base);
    adapter.rewrite(
        aside,
        config,
        averaged(adapter.weights().getParent()).orElse(adapter.weights()),
        stored(adapter.types()),
        named.revision().isPresent() ? named : adapter.base().orElse(named),
        backend);
  }

  private void writeModel(
      Path aside,
      Path from,
      Optional<PeftAdapter> adapter,
      ModelConfig config,
      Path base,
      Tokenizer tokenizer,
      Backend backend)
      throws IOException {
    try (ModelWeights weights =
        adapter.isPresent()
            ? ModelWeights.merged(
                base, adapter.get(), averaged(from).orElse(adapter.get().weights()), backend)
            : ModelWeights.open(base, averaged(from), backend)) {
      console.note(
          "exporting "
              + from
              + ", a tensor at a time: about "
              + Findings.bytes(weights.largest() + MemoryEstimate.JVM)
              + " of memory");
      if (format == Format.GGUF) {
        GgufExport.write(
            aside.resolve("model.gguf"),
            config,
            weights,
            type.orElseGet(
                () -> engine.asked().equals(Optional.of(DType.F32)) ? GgufType.F32 : GgufType.BF16),
            backend,
            tokenizer);
        return;
      }
      HuggingFaceModel.save(
          aside,
          config,
          weights,
          new StoredWeights(stored(StoredWeights.asIn(base)), shard.bytes()),
          backend,
          tokenizer,
          CarriedFiles.of(base));
    }
  }

  /** What was asked for, else as it is. */
  private Function<String, StoredType> stored(Function<String, StoredType> asItIs) {
    Optional<StoredType> asked =
        floating()
            .or(() -> engine.asked().map(t -> t == DType.BF16 ? StoredType.BF16 : StoredType.F32));
    return asked.<Function<String, StoredType>>map(one -> name -> one).orElse(asItIs);
  }

  private Optional<StoredType> floating() {
    return type.map(
        one ->
            switch (one) {
              case F32 -> StoredType.F32;
              case F16 -> StoredType.F16;
              case BF16 -> StoredType.BF16;
              default -> null;
            });
  }

  private void requirePossible(Path from) {
    boolean adapted = PeftAdapter.isAt(from);
    if (format == Format.PEFT && !adapted) {
      throw new UsageException(
          from + ": has no adapters, all its weights were trained; leave --format peft out");
    }
    if (format == Format.PEFT && merge) {
      throw new UsageException("--merge: --format peft writes the adapters alone; leave one out");
    }
    if (format != Format.PEFT && adapted && !merge) {
      throw new UsageException(
          from
              + ": holds adapters; add --merge to write the model with them in its weights, or"
              + " --format peft to write them alone");
    }
  }

  /** The file of a checkpoint's averaged weights, where these are asked for. */
  private Optional<Path> averaged(Path checkpoint) {
    if (!average) {
      return Optional.empty();
    }
    Path file = checkpoint.resolve(RunCheckpoints.AVERAGE);
    if (!Files.isRegularFile(file)) {
      throw new UsageException(
          checkpoint + ": keeps no average; a run does with average: {decay: …} on top");
    }
    return Optional.of(file);
  }

  private void requireEmpty() throws IOException {
    if (Files.isDirectory(to)) {
      try (Stream<Path> files = Files.list(to)) {
        if (files.findAny().isPresent()) {
          throw new UsageException(to + ": is not empty; name a directory that is not there yet");
        }
      }
    } else if (Files.exists(to, LinkOption.NOFOLLOW_LINKS)) {
      throw new UsageException(to + ": is a file; name a directory that is not there yet");
    }
    if (to.toAbsolutePath().normalize().getFileName() == null) {
      throw new UsageException("--to " + to + ": is no place for a new directory");
    }
  }

  private void makeDirectory(Path aside) {
    try {
      Files.createDirectories(aside);
    } catch (IOException e) {
      for (Path part = aside.getParent(); part != null; part = part.getParent()) {
        if (Files.exists(part) && !Files.isDirectory(part)) {
          throw new UsageException("--to " + to + ": " + part + " is a file, not a directory");
        }
      }
      String why =
          e instanceof FileSystemException f && f.getReason() != null
              ? f.getReason()
              : e.getClass().getSimpleName();
      throw new UsageException("--to " + to + ": cannot be made: " + why);
    }
  }

  private static void delete(Path directory) throws IOException {
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** A number of bytes as people write it: {@code 5GB}, {@code 200MB}, {@code 1000}. */
  record ByteCount(long bytes) {
    /** For picocli. */
    static ByteCount parse(String text) {
      java.util.regex.Matcher matcher =
          java.util.regex.Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(|KB|MB|GB|TB)")
              .matcher(text.strip().toUpperCase(Locale.ROOT));
      if (!matcher.matches()) {
        throw new picocli.CommandLine.TypeConversionException(
            "\"" + text + "\" is not a size such as 5GB, 200MB or 1000");
      }
      double unit =
          switch (matcher.group(2)) {
            case "KB" -> 1e3;
            case "MB" -> 1e6;
            case "GB" -> 1e9;
            case "TB" -> 1e12;
            default -> 1;
          };
      long bytes = Math.round(Double.parseDouble(matcher.group(1)) * unit);
      if (bytes < 1) {
        throw new picocli.CommandLine.TypeConversionException(
            "\"" + text + "\" is less than a byte");
      }
      return new ByteCount(bytes);
    }
  }
}
