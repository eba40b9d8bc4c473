package io.whetstone.trainer.command;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** Verbs whose names are fixed and whose work is still to come: they say so and end with code 2. */
final class NotThereYet {
  /** A verb and what it will do. */
  record Verb(String name, String description) {}

  static final List<Verb> VERBS =
      List.of(
          new Verb("serve", "An OpenAI-compatible HTTP endpoint."),
          new Verb("report", "One HTML page about one or several runs."),
          new Verb("replay", "Scores and trains a recorded step again."));

  private NotThereYet() {}

  static CommandLine command(Verb verb) {
    Callable<Integer> answer =
        () -> {
          throw new UsageException(verb.name() + " is not there yet");
        };
    CommandSpec spec = CommandSpec.wrapWithoutInspection(answer);
    spec.name(verb.name());
    spec.usageMessage().description(verb.description() + " (not there yet)");
    spec.parser().unmatchedOptionsArePositionalParams(true);
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0..*")
            .paramLabel("ARGUMENT")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .arity("0..*")
            .build());
    return new CommandLine(spec);
  }
}
