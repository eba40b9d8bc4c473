package io.whetstone.trainer.command;

import io.whetstone.trainer.config.Configuration;
import io.whetstone.trainer.loop.RunRecords;
import io.whetstone.trainer.loop.StopRequest;
import io.whetstone.trainer.loop.Training;
import io.whetstone.trainer.loop.TrainingOutcome;
import io.whetstone.trainer.run.Progress;
import io.whetstone.trainer.run.RunDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs a configuration's stages. */
@Command(
    name = "train",
    description = {
      "Runs the stages of a configuration into runs/NAME.",
      "SIGTERM, SIGUSR1 and Ctrl-C make a checkpoint and end the run (code 130); --resume goes on."
    },
    footer = {
      "",
      "A relative path in a configuration starts from the current directory or, when nothing is"
          + " there, from the configuration's.",
      "--set paths: seed=1, model.from-scratch.hidden=64, grpo.clip-high=0.28 (where one stage of"
          + " that kind exists), NAME.steps=60 (a stage's name), stages.0.sft.steps=60,"
          + " grpo.rewards.format.weight=0.5."
    })
final class TrainCommand implements Callable<Integer> {
  private final Console console;

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "CONFIG", description = "The configuration, in YAML.")
  private Path file;

  @Option(
      names = "--run",
      paramLabel = "NAME",
      description = "The run's name; without it a taken name becomes NAME-2.")
  private Optional<String> run;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Change a key of the configuration; may be repeated.")
  private List<String> overrides = new ArrayList<>();

  @Option(
      names = "--resume",
      description = "Go on with the run called --run, else with the newest of the name.")
  private boolean resume;

  @Option(
      names = "--runs",
      paramLabel = "DIR",
      defaultValue = "runs",
      description = "Where runs are kept (default: ${DEFAULT-VALUE}).")
  private Path runs;

  TrainCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws InterruptedException, IOException {
    Configuration configuration = Configuration.load(file, overrides);
    List<String> notes = requireSound(configuration);
    StopRequest stop = new StopRequest();
    try (RunDirectory directory = open(configuration);
        Signals _ = new Signals(name -> stop(stop, name), "TERM", "INT", "USR1")) {
      console.note("run " + directory.path());
      notes.forEach(console::note);
      return train(configuration, directory, stop);
    }
  }

  private int train(Configuration configuration, RunDirectory directory, StopRequest stop)
      throws InterruptedException {
    InstantSource clock = InstantSource.system();
    List<String> command = spec.root().commandLine().getParseResult().originalArgs();
    TrainingOutcome outcome;
    try (Progress progress = Progress.on(console.err(), console.screen(), clock);
        RunRecords records = new RunRecords(directory, progress, clock, command)) {
      try {
        outcome = new Training(configuration.experiment(), records, Path.of(""), stop).run();
      } catch (RuntimeException | InterruptedException e) {
        if (Complaints.code(e) == Whetstone.MISTAKE && !resume && isUnbegun(directory)) {
          // Otherwise the name would be taken by a run that never was.
          discard(directory);
        } else {
          records.fail(Complaints.message(e));
        }
        throw e;
      } catch (OutOfMemoryError e) {
        records.fail(Complaints.message(e));
        throw e;
      }
    }
    outcome.verdict().ifPresent(console::result);
    if (outcome.interrupted().isPresent()) {
      console.note("interrupted by " + outcome.interrupted().get() + "; go on with:");
      console.note("  " + resumption(directory.name()));
      return Whetstone.INTERRUPTED;
    }
    return Whetstone.DONE;
  }

  /** The command line that goes on, as a shell takes it: the same overrides, or it is refused. */
  private String resumption(String name) {
    List<String> words = new ArrayList<>(List.of("scripts/whetstone", "train", file.toString()));
    words.addAll(List.of("--runs", runs.toString(), "--run", name));
    overrides.forEach(override -> words.addAll(List.of("--set", override)));
    words.add("--resume");
    return words.stream()
        .map(w -> w.matches("[\\w./:=,+-]+") ? w : "'" + w.replace("'", "'\\''") + "'")
        .collect(Collectors.joining(" "));
  }

  /** Whether not even a first line of metrics was written. */
  private static boolean isUnbegun(RunDirectory directory) {
    try {
      return !Files.exists(directory.metrics()) || Files.size(directory.metrics()) == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static void discard(RunDirectory directory) {
    try (Stream<Path> files = Files.walk(directory.path())) {
      for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    } catch (IOException e) {
      // What stays is an empty run; the error that led here says more.
    }
  }

  /**
   * Nothing that a look at data, prompts and rewards can find should end a run after hours.
   *
   * @return the memory that the run will take, and cautions
   */
  private List<String> requireSound(Configuration configuration)
      throws IOException, InterruptedException {
    Findings findings = Findings.silent();
    ConfigurationCheck check = new ConfigurationCheck(configuration.experiment(), findings, false);
    check.run();
    if (check.disk().isPresent()) {
      check.disk().get().report(runs, findings);
    }
    if (!findings.problems().isEmpty()) {
      throw new UsageException(String.join("\n", findings.problems()));
    }
    List<String> notes = new ArrayList<>(List.of("memory: " + check.plan()));
    notes.addAll(findings.cautions());
    return notes;
  }

  private RunDirectory open(Configuration configuration) {
    String name = configuration.experiment().name();
    if (!resume) {
      RunDirectory created =
          run.map(named -> RunDirectory.createNamed(runs, named))
              .orElseGet(() -> RunDirectory.create(runs, name));
      created.writeConfiguration(configuration.yaml());
      return created;
    }
    String newest =
        run.or(() -> RunDirectory.latest(runs, name))
            .orElseThrow(
                () ->
                    new UsageException(
                        "--resume: there is no run called " + name + " in " + runs + " yet"));
    RunDirectory resumed = RunDirectory.resume(runs, newest);
    try {
      requireSame(Configuration.load(resumed.configuration(), List.of()), configuration, resumed);
      return resumed;
    } catch (RuntimeException e) {
      resumed.close();
      throw e;
    }
  }

  private static void requireSame(Configuration before, Configuration now, RunDirectory directory) {
    List<String> differences = before.differences(now);
    if (!differences.isEmpty()) {
      throw new UsageException(
          directory.path()
              + ": was begun with another configuration, and going on would not give its result;"
              + " put these keys back, or start a new run:\n  "
              + String.join("\n  ", differences));
    }
  }

  private void stop(StopRequest stop, String signal) {
    if (stop.cause().isPresent() && signal.equals("INT")) {
      console.note("stopped at once; --resume goes on from the last checkpoint");
      console.err().flush();
      Runtime.getRuntime().halt(Whetstone.INTERRUPTED);
    }
    stop.request("SIG" + signal);
    console.note(
        "SIG"
            + signal
            + ": this step is finished and saved first"
            + (signal.equals("INT") ? "; once more stops at once" : ""));
  }
}
