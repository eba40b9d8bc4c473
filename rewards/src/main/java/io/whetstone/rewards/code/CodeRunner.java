package io.whetstone.rewards.code;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.WeightedReward;
import io.whetstone.rewards.code.CodeSettings.Credit;
import io.whetstone.rewards.code.CodeSettings.Isolation;
import io.whetstone.rewards.code.TestSuite.Exchange;
import io.whetstone.rewards.code.TestSuite.Exchanges;
import io.whetstone.rewards.sandbox.Sandbox;
import io.whetstone.rewards.sandbox.SandboxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Finds the code in completions and has it judged, several at the same time. */
final class CodeRunner {

  /**
   * A completion's code and what the tests found; the verdict is absent where the sandbox failed.
   */
  record Judged(
      Optional<CodeBlock> block, String language, Optional<Verdict> verdict, String error) {}

  private final CodeSettings settings;
  private final Languages languages;
  private final Judge judge;

  private CodeRunner(CodeSettings settings, Sandbox sandbox, Python python) {
    this.settings = settings;
    this.languages = new Languages(settings);
    this.judge = new Judge(sandbox, settings, python);
  }

  /**
   * With a sandbox of its own, tried out once.
   *
   * @throws IllegalArgumentException if this machine cannot run programs as the settings say
   */
  static CodeRunner of(CodeSettings settings) {
    try {
      Python python = Python.find(settings.python());
      List<Path> visible = new ArrayList<>(settings.visible());
      visible.addAll(python.prefixes());
      Sandbox sandbox =
          settings.sandbox() == Isolation.NONE
              ? Sandbox.none(settings.pool())
              : Sandbox.bubblewrap(settings.pool(), visible);
      CodeRunner runner = new CodeRunner(settings, sandbox, python);
      runner.tryOut(python);
      return runner;
    } catch (SandboxException e) {
      throw new IllegalArgumentException("sandbox: " + e.getMessage(), e);
    }
  }

  private void tryOut(Python python) {
    Exchange known = new Exchange("6 7", "42");
    String code = "a, b = map(int, input().split())\nprint(a * b)\n";
    try {
      Verdict verdict = judge.judge(CodeSettings.PYTHON, code, new Exchanges(List.of(known)));
      if (!verdict.passedAll()) {
        throw new SandboxException(
            "%s does not run in the sandbox (%s); name another interpreter: python: PATH"
                .formatted(python.executable(), verdict.failure().get().why()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SandboxException("interrupted while the sandbox was tried out", e);
    }
  }

  CodeSettings settings() {
    return settings;
  }

  /** The longest that so many candidates can take: one after another, each its whole time. */
  Duration patience(int candidates) {
    return settings.totalTime().multipliedBy(candidates).plus(WeightedReward.DEFAULT_DEADLINE);
  }

  /**
   * The tests of a task, if it has any.
   *
   * @throws DatasetException if they cannot be read or run
   */
  Optional<TestSuite> suite(Task task) {
    Optional<TestSuite> suite = TestReader.read(task, settings.tests());
    suite.ifPresent(tests -> languages.of(task, tests));
    return suite;
  }

  /** What the tests find about each candidate's code. */
  List<Judged> judge(Task task, TestSuite suite, List<Candidate> candidates)
      throws InterruptedException {
    Optional<String> asked = languages.of(task, suite);
    List<String> tags = languages.tags(asked);
    return concurrently(
        candidates.stream()
            .<Callable<Judged>>map(
                candidate ->
                    () ->
                        CodeBlock.in(candidate.text(), settings.take(), tags)
                            .map(block -> judge(block, languages.of(block, asked), suite))
                            .orElse(new Judged(Optional.empty(), "", Optional.empty(), "")))
            .toList());
  }

  /** What the tests find about code that is not to be looked for in a text. */
  Judged judge(Task task, TestSuite suite, String code) {
    CodeBlock block = new CodeBlock("", code);
    return judge(block, languages.of(block, languages.of(task, suite)), suite);
  }

  /** Another run of the same code. */
  Judged again(Judged judged, TestSuite suite) {
    return judge(judged.block().get(), judged.language(), suite);
  }

  private Judged judge(CodeBlock block, String language, TestSuite suite) {
    try {
      Verdict verdict = judge.judge(language, block.code(), suite);
      return new Judged(Optional.of(block), language, Optional.of(verdict), "");
    } catch (SandboxException e) {
      return new Judged(Optional.of(block), language, Optional.empty(), e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the group's thread was, and is told by its own
      return new Judged(Optional.of(block), language, Optional.empty(), "interrupted");
    }
  }

  /** Each result, in order; an interrupt ends all, with their programs, before it is passed on. */
  <T> List<T> concurrently(List<Callable<T>> calls) throws InterruptedException {
    int threads = Math.min(settings.pool(), calls.size());
    // Closing waits for the threads, so that no program outlives the call.
    try (ExecutorService pool =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().daemon().name("code-", 0).factory())) {
      try {
        List<T> results = new ArrayList<>();
        for (Future<T> future : pool.invokeAll(calls)) {
          results.add(future.get());
        }
        return results;
      } catch (ExecutionException e) {
        throw new IllegalStateException(e.getCause());
      } finally {
        pool.shutdownNow();
      }
    }
  }

  /** The score by correctness alone. */
  Score score(Judged judged) {
    if (judged.block().isEmpty()) {
      return Score.unparseable().withNote("code", "none was found in the completion");
    }
    String code = judged.block().get().code();
    if (judged.verdict().isEmpty()) {
      return Score.error(judged.error()).withExtracted(code);
    }
    Verdict verdict = judged.verdict().get();
    Score score =
        verdict.passedAll()
            ? Score.correct()
            : settings.credit() == Credit.PARTIAL && verdict.passed() > 0
                ? Score.scored((double) verdict.passed() / verdict.total())
                : verdict.failure().get().timeout() ? Score.programTimeout() : Score.wrong();
    score =
        score
            .withExtracted(code)
            .withNote("tests", verdict.passed() + " of " + verdict.total() + " passed")
            .withNote("language", judged.language())
            .withNote("cpu-seconds", "%.3f".formatted(verdict.cpu().toMillis() / 1000.0));
    return verdict.passedAll()
        ? score
        : score.withNote("failure", verdict.failure().get().toString());
  }
}
