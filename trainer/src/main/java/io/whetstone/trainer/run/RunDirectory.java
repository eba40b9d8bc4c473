package io.whetstone.trainer.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A run's directory, {@code runs/NAME}, held by this process until it is closed.
 *
 * <pre>
 * config.yaml        the configuration, resolved
 * environment.json   where it ran: versions, hardware, seed, command
 * metrics.jsonl      a line a step
 * rollouts/          every completion with its scores
 * scores/            of steps since the last checkpoints: what a judge, a program or a clock said
 * checkpoints/       step-N
 * summary.json       how the run stands
 * report.html
 * </pre>
 */
public final class RunDirectory implements AutoCloseable {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

  private final Path path;
  private final RunLock lock;

  private RunDirectory(Path path) {
    this.path = path;
    this.lock = RunLock.acquire(path);
  }

  /** A new run called {@code name}, or {@code name-2}, {@code name-3}, … where that is taken. */
  public static RunDirectory create(Path runs, String name) {
    checkName(name);
    for (int i = 1; ; i++) {
      Path path = runs.resolve(i == 1 ? name : name + "-" + i);
      if (make(path)) {
        return new RunDirectory(path);
      }
    }
  }

  /**
   * A new run called exactly {@code name}.
   *
   * @throws RunException where the name is taken
   */
  public static RunDirectory createNamed(Path runs, String name) {
    checkName(name);
    Path path = runs.resolve(name);
    if (!make(path)) {
      throw RunException.mistake(
          path
              + " exists already: choose another --run, add --resume to go on with it, or leave"
              + " --run out for a new name");
    }
    return new RunDirectory(path);
  }

  /**
   * An earlier run, to go on with.
   *
   * @throws RunException where there is none, or another process is writing it
   */
  public static RunDirectory resume(Path runs, String name) {
    checkName(name);
    Path path = runs.resolve(name);
    if (!Files.isDirectory(path)) {
      throw RunException.mistake(
          path + " does not exist, so there is nothing to resume; " + present(runs));
    }
    if (!Files.isRegularFile(path.resolve("config.yaml"))) {
      throw RunException.mistake(
          path + " has no config.yaml: it is no run, or one that ended before it began; delete it");
    }
    return new RunDirectory(path);
  }

  /** The newest of {@code name}, {@code name-2}, …, if any is there: the one with most numbers. */
  public static Optional<String> latest(Path runs, String name) {
    checkName(name);
    Optional<String> latest = Optional.empty();
    for (int i = 1; ; i++) {
      String candidate = i == 1 ? name : name + "-" + i;
      if (!Files.isDirectory(runs.resolve(candidate))) {
        return latest;
      }
      latest = Optional.of(candidate);
    }
  }

  private static void checkName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw RunException.mistake(
          "run name \""
              + name
              + "\" cannot name a directory; use letters, digits, \".\", \"_\" and \"-\"");
    }
  }

  /** Whether the directory was not there and is now; two processes cannot both be told so. */
  private static boolean make(Path path) {
    try {
      Files.createDirectories(path.toAbsolutePath().getParent());
      Files.createDirectory(path);
      return true;
    } catch (FileAlreadyExistsException e) {
      if (e.getFile().equals(path.toString())) {
        return false;
      }
      throw unmade(path, e);
    } catch (IOException e) {
      throw unmade(path, e);
    }
  }

  /** Where a file is in the way, or the place is not ours to write, another --runs mends it. */
  private static RunException unmade(Path path, IOException e) {
    Path there = path.toAbsolutePath().normalize().getParent();
    while (there.getParent() != null && !Files.exists(there)) {
      there = there.getParent();
    }
    if (!Files.isDirectory(there) || !Files.isWritable(there)) {
      return RunException.mistake(
          path
              + " cannot be made: "
              + there
              + (Files.isDirectory(there) ? " cannot be written" : " is not a directory")
              + "; name another place with --runs");
    }
    return RunException.failure(path + ": could not be made: " + RunException.reason(e), e);
  }

  private static String present(Path runs) {
    if (!Files.isDirectory(runs)) {
      return "there are no runs in " + runs;
    }
    try (Stream<Path> paths = Files.list(runs)) {
      String names =
          paths
              .filter(path -> Files.isRegularFile(path.resolve("config.yaml")))
              .map(path -> path.getFileName().toString())
              .sorted()
              .limit(10)
              .collect(Collectors.joining(", "));
      return names.isEmpty() ? "there are no runs in " + runs : "there is: " + names;
    } catch (IOException e) {
      return "the runs in " + runs + " cannot be listed: " + RunException.reason(e);
    }
  }

  /** Writes {@code config.yaml}: from then on the run can be resumed. */
  public void writeConfiguration(String yaml) {
    ReplacedFile.write(
        configuration(), true, out -> out.write(yaml.getBytes(StandardCharsets.UTF_8)));
  }

  public Path path() {
    return path;
  }

  public String name() {
    return path.getFileName().toString();
  }

  public Path configuration() {
    return path.resolve("config.yaml");
  }

  public Path environment() {
    return path.resolve("environment.json");
  }

  public Path metrics() {
    return path.resolve("metrics.jsonl");
  }

  public Path rollouts() {
    return path.resolve("rollouts");
  }

  public Path scores() {
    return path.resolve("scores");
  }

  public Path checkpoints() {
    return path.resolve("checkpoints");
  }

  public Path summary() {
    return path.resolve("summary.json");
  }

  public Path report() {
    return path.resolve("report.html");
  }

  /** Lets other processes write the run. */
  @Override
  public void close() {
    lock.close();
  }
}
