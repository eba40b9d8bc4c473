package io.whetstone.rewards.code;

import io.whetstone.rewards.code.CodeSettings.Credit;
import io.whetstone.rewards.code.TestSuite.Call;
import io.whetstone.rewards.code.TestSuite.Calls;
import io.whetstone.rewards.code.TestSuite.Checks;
import io.whetstone.rewards.code.TestSuite.Exchange;
import io.whetstone.rewards.code.TestSuite.Exchanges;
import io.whetstone.rewards.sandbox.Limits;
import io.whetstone.rewards.sandbox.Program;
import io.whetstone.rewards.sandbox.ProgramRun;
import io.whetstone.rewards.sandbox.ProgramRun.Ending;
import io.whetstone.rewards.sandbox.Sandbox;
import io.whetstone.rewards.sandbox.SandboxException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs code against tests. What is expected stays in this process. */
final class Judge {

  private final Sandbox sandbox;
  private final CodeSettings settings;
  private final Harness harness;
  private final Limits limits;
  private final ReturnedValue values;

  Judge(Sandbox sandbox, CodeSettings settings, Python python) {
    this.sandbox = sandbox;
    this.settings = settings;
    this.harness = new Harness(python);
    this.limits = settings.limits();
    this.values = new ReturnedValue(settings.tolerance());
  }

  /**
   * What the tests find.
   *
   * @param language {@code python}, or a name of the settings' languages
   * @throws SandboxException if the sandbox failed, so that nothing was found
   */
  Verdict judge(String language, String code, TestSuite suite) throws InterruptedException {
    Tally tally = new Tally(suite.size(), settings.totalTime());
    if (!language.equals(CodeSettings.PYTHON)) {
      judge(settings.languages().get(language), code, (Exchanges) suite, tally);
      return tally.verdict();
    }
    String whole = settings.preamble().isEmpty() ? code : settings.preamble() + "\n" + code;
    switch (suite) {
      case Exchanges(List<Exchange> exchanges) ->
          exchanges(exchanges, input -> harness.exchange(whole, input), limits, tally);
      case Calls(List<Call> calls) -> calls(whole, calls, tally);
      case Checks(String tests) -> checks(whole, tests, tally);
    }
    return tally.verdict();
  }

  /** A program that reads this input. */
  private interface Inputs {
    Program program(String input);
  }

  private void exchanges(List<Exchange> exchanges, Inputs code, Limits limits, Tally tally)
      throws InterruptedException {
    for (int i = 0; i < exchanges.size() && !done(tally); i++) {
      if (tally.isLate()) {
        tally.late(i + 1);
        return;
      }
      Exchange exchange = exchanges.get(i);
      Limits left = limits.within(limits.cpu(), tally.atMost(limits.wall()));
      ProgramRun run = sandbox.run(code.program(exchange.input()), left);
      tally.used(run);
      Optional<String> wrong =
          settings.compare().difference(run.outputText(), exchange.output(), settings.tolerance());
      if (!run.succeeded()) {
        tally.fail(i + 1, run.ending() == Ending.TIME, ended(run, left));
      } else if (wrong.isPresent()) {
        tally.fail(i + 1, false, wrong.get());
      } else {
        tally.pass();
      }
    }
  }

  private boolean done(Tally tally) {
    return settings.credit() == Credit.ALL && tally.failed();
  }

  private void judge(Language language, String code, Exchanges suite, Tally tally)
      throws InterruptedException {
    byte[] source = code.getBytes(StandardCharsets.UTF_8);
    Limits own = language.running(limits);
    if (language.compile().isEmpty()) {
      Map<String, byte[]> files = Map.of(language.file(), source);
      List<String> command = List.of("/bin/sh", "-c", language.run());
      exchanges(
          suite.exchanges(),
          in -> Program.of(command, files, in.getBytes(StandardCharsets.UTF_8)),
          own,
          tally);
      return;
    }
    // What lies in the directory leaves the sandbox as an archive: there is no disk to share. Not
    // the
    // directory itself, which is not the program's to change.
    String compile = "{ " + language.compile().get() + "\n} && tar -cf - -- * >&3";
    Limits compiling = language.compiling(limits, tally.atMost(settings.totalTime()));
    ProgramRun compiled =
        sandbox.run(
            new Program(
                List.of("/bin/sh", "-c", compile),
                Map.of(language.file(), source),
                new byte[0],
                true,
                Optional.empty()),
            compiling);
    tally.prepared(compiled);
    if (!compiled.succeeded()) {
      boolean late = compiled.ending() == Ending.TIME;
      String said = compiled.errorText().isBlank() ? compiled.outputText() : compiled.errorText();
      tally.fail(
          0,
          late,
          "not compiled: " + (late ? ended(compiled, compiling) : Shortened.firstError(said)));
      return;
    }
    Map<String, byte[]> files = Map.of("program.tar", compiled.results());
    String run = "tar -xf program.tar && rm program.tar || exit 125\n" + language.run();
    List<String> command = List.of("/bin/sh", "-c", run);
    exchanges(
        suite.exchanges(),
        in -> Program.of(command, files, in.getBytes(StandardCharsets.UTF_8)),
        own,
        tally);
  }

  private void calls(String code, List<Call> calls, Tally tally) throws InterruptedException {
    String nonce = harness.nonce();
    boolean stop = settings.credit() == Credit.ALL;
    Program program = harness.calls(code, calls, nonce, limits.cpu(), limits.wall(), stop);
    Duration all = settings.totalTime();
    ProgramRun run = sandbox.run(program, limits.within(all, all));
    tally.used(run);
    Map<Integer, Harness.Answer> answers = Harness.answers(run, nonce);
    for (int i = 0; i < calls.size() && !done(tally); i++) {
      Harness.Answer answer = answers.get(i);
      if (answer == null) {
        tally.fail(i + 1, run.ending() == Ending.TIME, noValue(run, all));
        continue;
      }
      String said = answer.content().asText();
      switch (answer.kind()) {
        case VALUE -> value(i + 1, calls.get(i), answer, tally);
        case ERROR -> tally.fail(i + 1, false, Shortened.line(said));
        case LATE -> tally.fail(i + 1, true, "no value within " + seconds(limits.cpu()));
        case KILLED -> tally.fail(i + 1, false, "ended by signal " + said);
        case LOAD -> {
          tally.fail(0, false, "not loaded: " + Shortened.line(said));
          return;
        }
      }
    }
  }

  private void value(int test, Call call, Harness.Answer answer, Tally tally) {
    if (call.expected().stream().anyMatch(e -> values.equals(answer.content(), e))) {
      tally.pass();
    } else {
      tally.fail(
          test,
          false,
          "returned %s; expected %s"
              .formatted(
                  Shortened.line(answer.content().toString()),
                  Shortened.line(call.expected().getFirst().toString())));
    }
  }

  private String noValue(ProgramRun run, Duration all) {
    return run.ending() == Ending.EXITED
        ? "no value came back; " + ended(run, limits.within(all, all))
        : ended(run, limits.within(all, all));
  }

  private void checks(String code, String tests, Tally tally) throws InterruptedException {
    String nonce = harness.nonce();
    Limits left = limits.within(limits.cpu(), tally.atMost(limits.wall()));
    ProgramRun run = sandbox.run(harness.checks(code, tests, nonce), left);
    tally.used(run);
    if (Harness.proven(run, nonce)) {
      tally.pass();
    } else {
      tally.fail(
          1,
          run.ending() == Ending.TIME,
          run.succeeded() ? "the program ended before its tests did" : ended(run, left));
    }
  }

  /** Why a program did not end well. */
  private static String ended(ProgramRun run, Limits limits) {
    return switch (run.ending()) {
      case TIME ->
          "ran longer than %s of processor time or %s on the clock"
              .formatted(seconds(limits.cpu()), seconds(limits.wall()));
      case MEMORY -> "took more than " + (limits.memory() >> 20) + " MiB of memory";
      case OUTPUT -> "wrote more than " + (limits.output() >> 10) + " KiB";
      case EXITED ->
          (run.status() > 128 ? "signal " + (run.status() - 128) : "exit status " + run.status())
              + (run.errorText().isBlank() ? "" : ": " + Shortened.lastLine(run.errorText()));
    };
  }

  private static String seconds(Duration time) {
    return time.toMillis() / 1000.0 + " s";
  }
}
