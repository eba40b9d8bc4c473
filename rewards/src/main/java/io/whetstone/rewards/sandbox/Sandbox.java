package io.whetstone.rewards.sandbox;

import io.whetstone.rewards.sandbox.Supervision.Stream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Runs programs that nobody trusts, a bounded number at a time. Nothing of a program is left when
 * its run returns: no process, no file.
 */
public final class Sandbox {

  private static final int REPORT_LIMIT = 4096;
  private static final Limits PROBE =
      new Limits(Duration.ofSeconds(5), Duration.ofSeconds(20), 64 << 20, 16, 1 << 16, 1 << 20);

  private final Libc libc = new Libc();
  private final Isolation isolation;
  private final BlockingQueue<Integer> slots;

  private Sandbox(Isolation isolation, int pool) {
    if (pool < 1 || pool > 256) {
      throw new IllegalArgumentException("pool: " + pool + " is not in [1, 256]");
    }
    this.isolation = isolation;
    this.slots = new ArrayBlockingQueue<>(pool);
    for (int slot = 0; slot < pool; slot++) {
      slots.add(slot);
    }
  }

  /** Runs programs with nothing around them; only for programs that are trusted. */
  public static Sandbox none(int pool) {
    return new Sandbox(new Bare(), pool);
  }

  /**
   * Runs programs under bubblewrap, as strictly as this machine lets it.
   *
   * @param visible directories beyond the system's that the programs may read
   * @throws SandboxException if bubblewrap is missing, or cannot do its work here; says why, and
   *     what to do
   */
  public static Sandbox bubblewrap(int pool, List<Path> visible) {
    return bubblewrap(pool, visible, path());
  }

  /** As above, with other directories in which programs are looked for. */
  static Sandbox bubblewrap(int pool, List<Path> visible, String path) {
    Path program =
        onPath("bwrap", path)
            .orElseThrow(
                () ->
                    new SandboxException(
                        "bubblewrap is not installed: no bwrap on PATH; install it"
                            + " (apt-get install bubblewrap, dnf install bubblewrap), or say"
                            + " sandbox: none to run programs that you trust without it"));
    for (String needed : List.of("prlimit", "setpriv")) {
      if (onPath(needed, path).isEmpty()) {
        throw new SandboxException(
            "no " + needed + " on PATH, which sets a program's limits; install util-linux");
      }
    }
    List<String> complaints = new ArrayList<>();
    // A container's own /proc is often masked in parts, and the kernel then refuses a fresh one.
    for (boolean proc : new boolean[] {true, false}) {
      Sandbox sandbox = new Sandbox(new Bubblewrap(program, visible, isRoot(), proc), pool);
      Optional<String> complaint = sandbox.complaint();
      if (complaint.isEmpty()) {
        return sandbox;
      }
      complaints.add((proc ? "with /proc: " : "without /proc: ") + complaint.get());
    }
    throw new SandboxException(
        "bubblewrap (%s) cannot isolate programs here (%s); it needs version 0.7 or newer and"
                .formatted(program, String.join("; ", complaints))
            + " namespaces: in a container run it privileged or with its own seccomp profile, on"
            + " Ubuntu 24.04 allow unprivileged user namespaces (sysctl"
            + " kernel.apparmor_restrict_unprivileged_userns=0), or say sandbox: none to run"
            + " programs that you trust without it");
  }

  private static boolean isRoot() {
    try {
      return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    } catch (java.io.IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  /** The program that a shell would find. */
  public static Optional<Path> onPath(String name) {
    return onPath(name, path());
  }

  private static String path() {
    return Optional.ofNullable(System.getenv("PATH")).orElse("/usr/bin:/bin");
  }

  private static Optional<Path> onPath(String name, String path) {
    for (String directory : path.split(":")) {
      Path file = Path.of(directory.isEmpty() ? "." : directory, name);
      if (Files.isRegularFile(file) && Files.isExecutable(file)) {
        return Optional.of(file.toAbsolutePath());
      }
    }
    return Optional.empty();
  }

  /** What keeps it from working, found out by a program whose end we know. */
  private Optional<String> complaint() {
    Program probe = Program.of(List.of("/bin/sh", "-c", "exit 42"), Map.of(), new byte[0]);
    try {
      ProgramRun run = run(probe, PROBE);
      return run.status() == 42
          ? Optional.empty()
          : Optional.of("status " + run.status() + " " + run.errorText().strip());
    } catch (SandboxException e) {
      return Optional.of(e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of("interrupted");
    }
  }

  /** How many programs run at the same time. */
  public int pool() {
    return slots.size() + slots.remainingCapacity();
  }

  /**
   * Runs a program to its end, after waiting for a free place.
   *
   * @throws SandboxException if the sandbox itself failed
   * @throws InterruptedException if this thread is interrupted; the program is then dead already
   */
  public ProgramRun run(Program program, Limits limits) throws InterruptedException {
    int slot = slots.take();
    try (Descriptors descriptors = new Descriptors(libc)) {
      return run(program, limits, slot, descriptors);
    } finally {
      slots.add(slot);
    }
  }

  private ProgramRun run(Program program, Limits limits, int slot, Descriptors descriptors)
      throws InterruptedException {
    descriptors.addFile(program.input());
    Stream output = new Stream(descriptors.addOutput(), limits.output());
    Stream errors = new Stream(descriptors.addOutput(), limits.output());
    Stream results = null;
    Runnable reveal = () -> {};
    List<Stream> streams = new ArrayList<>(List.of(output, errors));
    if (program.results()) {
      results = new Stream(descriptors.addOutput(), limits.output());
      streams.add(results);
      int signal = descriptors.addInput();
      int afterword = descriptors.addFile();
      reveal =
          () -> {
            program.afterword().ifPresent(bytes -> libc.fill(afterword, bytes));
            descriptors.close(signal);
          };
    }
    Isolation.Launch launch = isolation.launch(program, limits, slot, descriptors);
    Stream report = new Stream(launch.report().orElse(-1), REPORT_LIMIT);
    launch.report().ifPresent(unused -> streams.add(report));
    try {
      Supervision supervision = new Supervision(libc, limits, streams);
      int child = libc.spawn(launch.command(), Isolation.ENVIRONMENT, descriptors.childs());
      descriptors.handedOver();
      Supervision.End end = supervision.watch(child, Optional.ofNullable(results), reveal);
      if (!isolation.started(new String(report.bytes(), StandardCharsets.UTF_8))) {
        throw new SandboxException(
            "the program was not started: "
                + new String(errors.bytes(), StandardCharsets.UTF_8).strip());
      }
      return new ProgramRun(
          end.ending(),
          end.status(),
          output.bytes(),
          errors.bytes(),
          results == null ? new byte[0] : results.bytes(),
          end.cpu(),
          end.peakMemory(),
          end.wall());
    } finally {
      launch.afterwards().run();
    }
  }
}
