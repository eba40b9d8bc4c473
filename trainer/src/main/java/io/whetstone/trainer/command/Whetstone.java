package io.whetstone.trainer.command;

import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command that holds the verbs. */
@Command(
    name = "whetstone",
    versionProvider = Whetstone.Version.class,
    description = "Sharpens language models into reasoning models.",
    synopsisSubcommandLabel = "VERB",
    footer = {
      "",
      "Start here:  whetstone train configs/first-run.yaml",
      "Completion:  source <(whetstone completion)",
      "",
      "Exit codes: 0 done, 2 a mistake in what was asked for, 1 a failure, 130 interrupted."
    })
final class Whetstone implements Runnable {
  static final int DONE = 0;
  static final int FAILURE = 1;
  static final int MISTAKE = 2;
  static final int INTERRUPTED = 130;

  @Spec private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = CommandLine.ScopeType.INHERIT,
      description = "Show this help.")
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version.")
  private boolean version;

  @Option(
      names = "--debug",
      scope = CommandLine.ScopeType.INHERIT,
      description = "Show where in the program an error arose.")
  private boolean debug;

  /** Runs a command line and says with which code the process is to end. */
  static int run(Console console, String... arguments) {
    try {
      return commandLine(console).execute(arguments);
    } catch (OutOfMemoryError e) {
      Complaints.complain(console, Complaints.message(e));
      return FAILURE;
    }
  }

  static CommandLine commandLine(Console console) {
    Whetstone whetstone = new Whetstone();
    CommandLine line =
        new CommandLine(whetstone)
            .addSubcommand(new TrainCommand(console))
            .addSubcommand(new EvalCommand(console))
            .addSubcommand(new GenerateCommand(console))
            .addSubcommand(new LogprobsCommand(console))
            .addSubcommand(new TokenizeCommand(console))
            .addSubcommand(new ScoreCommand(console))
            .addSubcommand(new ExportCommand(console))
            .addSubcommand(new DoctorCommand(console))
            .addSubcommand(new BenchCommand(console));
    for (NotThereYet.Verb verb : NotThereYet.VERBS) {
      line.addSubcommand(NotThereYet.command(verb));
    }
    line.addSubcommand(new CompletionCommand(console));
    Complaints complaints = new Complaints(console, () -> whetstone.debug);
    return line.setOut(new java.io.PrintWriter(console.out(), true))
        .setErr(new java.io.PrintWriter(console.err(), true))
        .setColorScheme(CommandLine.Help.defaultColorScheme(console.colours()))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .registerConverter(ExportCommand.ByteCount.class, ExportCommand.ByteCount::parse)
        .setParameterExceptionHandler(complaints)
        .setExecutionExceptionHandler(complaints);
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "a verb is missing");
  }

  /** The version in the jar's manifest. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Whetstone.class.getPackage().getImplementationVersion();
      return new String[] {"whetstone " + (version == null ? "(development)" : version)};
    }
  }

  /** Prints a script that makes a shell complete verbs and options. */
  @Command(
      name = "completion",
      description = "Prints completion for bash and zsh: source <(whetstone completion)")
  static final class CompletionCommand implements Runnable {
    private final Console console;

    @Spec private CommandSpec spec;

    CompletionCommand(Console console) {
      this.console = console;
    }

    @Override
    public void run() {
      console.out().print(AutoComplete.bash("whetstone", spec.root().commandLine()));
    }
  }
}
