package io.whetstone.trainer.command;

import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.Safetensors;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.trainer.loop.Policy;
import io.whetstone.trainer.loop.RunCheckpoints;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.Callable;
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
      description = "huggingface (the default), peft or gguf.")
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

  @Mixin private EngineOptions engine;

  ExportCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    if (format != Format.HUGGINGFACE) {
      throw new UsageException(
          "--format "
              + format.name().toLowerCase(java.util.Locale.ROOT)
              + " is not there yet; huggingface is");
    }
    requireEmpty();
    ModelDirectory from =
        ModelDirectory.find(model, best ? ModelDirectory.Which.BEST : ModelDirectory.Which.LATEST);
    Path aside = to.toAbsolutePath().normalize();
    aside = aside.resolveSibling("." + aside.getFileName() + ".partial");
    try (Backend backend = engine.open();
        Policy policy = Policy.load(from.model(), backend, DType.F32, false)) {
      delete(aside);
      if (average) {
        readAverage(from.model(), policy, backend);
      }
      HuggingFaceModel.save(
          aside,
          policy.model().config(),
          policy.model().weights(),
          engine.compute(),
          backend,
          policy.tokenizer());
      Files.deleteIfExists(to);
      Files.move(aside, to, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      delete(aside);
    }
    console.note("exported " + from.model());
    console.result(to.toString());
    return Whetstone.DONE;
  }

  private void readAverage(Path checkpoint, Policy policy, Backend backend) {
    Path file = checkpoint.resolve(RunCheckpoints.AVERAGE);
    if (!Files.isRegularFile(file)) {
      throw new UsageException(
          checkpoint + ": keeps no average; a run does with average: {decay: …} on top");
    }
    Safetensors.read(file, policy.model().weights(), backend);
  }

  private void requireEmpty() throws IOException {
    if (Files.isDirectory(to)) {
      try (Stream<Path> files = Files.list(to)) {
        if (files.findAny().isPresent()) {
          throw new UsageException(to + ": is not empty; name a directory that is not there yet");
        }
      }
    } else if (Files.exists(to)) {
      throw new UsageException(to + ": is a file; name a directory that is not there yet");
    }
  }

  private static void delete(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(directory);
    } catch (DirectoryNotEmptyException e) {
      throw new UsageException(directory + ": is in the way; move it elsewhere");
    }
  }
}
