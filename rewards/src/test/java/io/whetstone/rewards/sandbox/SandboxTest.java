package io.whetstone.rewards.sandbox;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.rewards.sandbox.ProgramRun.Ending;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SandboxTest {

  private static final Limits LIMITS =
      new Limits(Duration.ofSeconds(1), Duration.ofSeconds(20), 96 << 20, 24, 1 << 16, 8 << 20);
  private static final byte[] NOTHING = {};

  private static Optional<Sandbox> isolated(String test) {
    try {
      return Optional.of(Sandbox.bubblewrap(2, List.of()));
    } catch (SandboxException e) {
      System.out.println("NOT RUN: " + test + ": " + e.getMessage());
      return Optional.empty();
    }
  }

  private static Program shell(String script) {
    return Program.of(List.of("/bin/sh", "-c", script), Map.of(), NOTHING);
  }

  @AfterEach
  void nothingIsLeft() {
    assertEquals(List.of(), ProcessHandle.current().descendants().toList());
  }

  private static void check(Sandbox sandbox) throws Exception {
    byte[] input = "a\nb\n".getBytes(StandardCharsets.UTF_8);
    Map<String, byte[]> files = Map.of("f.txt", "file\n".getBytes(StandardCharsets.UTF_8));
    List<String> command = List.of("/bin/sh", "-c", "cat f.txt -; echo oops >&2; exit 3");
    ProgramRun run = sandbox.run(Program.of(command, files, input), LIMITS);
    assertEquals("file\na\nb\n", run.outputText());
    assertEquals("oops\n", run.errorText());
    assertEquals(3, run.status());
    assertEquals(Ending.EXITED, run.ending());
    assertEquals(137, sandbox.run(shell("kill -9 $$"), LIMITS).status());
    assertEquals(Ending.TIME, sandbox.run(shell("while :; do :; done"), LIMITS).ending());
    assertEquals(
        Ending.TIME,
        sandbox
            .run(shell("sleep 60"), LIMITS.within(LIMITS.cpu(), Duration.ofMillis(500)))
            .ending());
    ProgramRun endless = sandbox.run(shell("yes"), LIMITS);
    assertEquals(Ending.OUTPUT, endless.ending());
    assertEquals(LIMITS.output(), endless.output().length);
    assertEquals(Ending.OUTPUT, sandbox.run(shell("yes >&2"), LIMITS).ending());
  }

  @Test
  void withoutIsolation(@TempDir Path unused) throws Exception {
    long before = directories();
    check(Sandbox.none(2));
    assertEquals(before, directories());
  }

  private static long directories() throws Exception {
    try (var files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return files.filter(f -> f.getFileName().toString().startsWith("whetstone-program-")).count();
    }
  }

  @Test
  void underBubblewrap() throws Exception {
    Optional<Sandbox> sandbox = isolated("underBubblewrap");
    if (sandbox.isPresent()) {
      check(sandbox.get());
    }
  }

  @Test
  void resultsAndAfterword() throws Exception {
    List<Sandbox> sandboxes = new ArrayList<>(List.of(Sandbox.none(1)));
    isolated("resultsAndAfterword").ifPresent(sandboxes::add);
    byte[] big = new byte[3_000_000];
    Arrays.fill(big, (byte) 'x');
    String script = "wc -c <&5; echo go >&3; cat <&4; wc -c <&5; head -c 2 /dev/zero >&3";
    for (Sandbox sandbox : sandboxes) {
      Program program =
          new Program(List.of("/bin/sh", "-c", script), Map.of(), NOTHING, true, Optional.of(big));
      ProgramRun run = sandbox.run(program, LIMITS);
      assertEquals("0\n3000000\n", run.outputText());
      assertArrayEquals(new byte[] {'g', 'o', '\n', 0, 0}, run.results());
    }
  }

  @Test
  void onlyWhatAProgramNeedsIsThere(@TempDir Path host) throws Exception {
    Optional<Sandbox> sandbox = isolated("onlyWhatAProgramNeedsIsThere");
    if (sandbox.isEmpty()) {
      return;
    }
    Path secret = Files.writeString(host.resolve("secret"), "secret");
    String script =
        """
        cat %s /etc/passwd /etc/shadow; ls -A /home /root /var /run /sys; env | grep -c SECRET
        for f in / /usr /etc /dev; do touch $f/mine && echo "wrote to $f"; done
        ls /tmp; id -u; cat /proc/net/dev | grep -v lo: | tail -n +3; ls /proc | grep -c '^[0-9]'
        ls /proc/self/fd | wc -l; unshare -U true; unshare -n true; mount -t tmpfs none /tmp
        ln -s %s link; cat link; echo own >mine; cat mine
        """
            .formatted(secret, secret);
    ProgramRun run = sandbox.get().run(shell(script), LIMITS);
    List<String> lines = run.outputText().lines().toList();
    assertEquals("0", lines.get(0), run.outputText() + run.errorText());
    assertEquals("work", lines.get(1));
    assertNotEquals("0", lines.get(2));
    if (run.errorText().contains("/proc")) {
      System.out.println("NOT RUN: what /proc shows: there is no /proc in the sandbox here");
    } else {
      assertTrue(Integer.parseInt(lines.get(3)) < 10, "other processes are seen");
      assertEquals(List.of("4"), lines.subList(4, 5), "descriptors: 0, 1, 2 and that of ls");
    }
    assertEquals("own", lines.getLast(), run.errorText());
    assertTrue(!run.outputText().contains("secret"), run.outputText());
    assertEquals(2, run.errorText().lines().filter(l -> l.startsWith("unshare: ")).count());
  }

  @Test
  void limitsHoldForAllProcessesTogether() throws Exception {
    Optional<Sandbox> sandbox = isolated("limitsHoldForAllProcessesTogether");
    if (sandbox.isEmpty()) {
      return;
    }
    ProgramRun bomb =
        sandbox
            .get()
            .run(
                shell("f() { f | f & }; f; sleep 30"),
                LIMITS.within(LIMITS.cpu(), Duration.ofSeconds(3)));
    assertTrue(bomb.ending() != Ending.EXITED || bomb.status() != 0, bomb.toString());
    ProgramRun files =
        sandbox
            .get()
            .run(
                shell("i=0; while head -c 999999 /dev/zero >f$i; do i=$((i+1)); done; echo $i"),
                LIMITS);
    assertTrue(Integer.parseInt(files.outputText().strip()) < 9, files.outputText());
    // Each holds 40 MB of the 96 that all may have.
    String hold = "(head -c 40000000 /dev/zero | tail -c 40000000 | (sleep 9; cat)) & ";
    ProgramRun memory = sandbox.get().run(shell(hold + hold + hold + "wait"), LIMITS);
    assertEquals(Ending.MEMORY, memory.ending());
    String loop = "(while :; do :; done) & ";
    ProgramRun busy = sandbox.get().run(shell(loop + loop + loop + "wait"), LIMITS);
    assertEquals(Ending.TIME, busy.ending());
  }

  @Test
  void whatAProgramLeavesBehindDiesWithIt() throws Exception {
    Optional<Sandbox> sandbox = isolated("whatAProgramLeavesBehindDiesWithIt");
    if (sandbox.isPresent()) {
      ProgramRun run =
          sandbox.get().run(shell("trap '' TERM HUP; (setsid sleep 60 &); echo done"), LIMITS);
      assertEquals("done\n", run.outputText());
      assertEquals(Ending.EXITED, run.ending());
    }
  }

  @Test
  void anInterruptEndsTheProgram() throws Exception {
    List<Sandbox> sandboxes = new ArrayList<>(List.of(Sandbox.none(1)));
    isolated("anInterruptEndsTheProgram").ifPresent(sandboxes::add);
    for (Sandbox sandbox : sandboxes) {
      try (var threads = Executors.newSingleThreadExecutor()) {
        Callable<ProgramRun> call =
            () ->
                sandbox.run(shell("sleep 60"), LIMITS.within(LIMITS.cpu(), Duration.ofSeconds(60)));
        Future<ProgramRun> running = threads.submit(call);
        while (ProcessHandle.current().descendants().count() == 0) {
          Thread.sleep(5);
        }
        running.cancel(true);
      } // waits for the thread
      nothingIsLeft();
      assertEquals(0, sandbox.run(shell("exit 0"), LIMITS).status()); // its place is free again
    }
  }

  @Test
  void missingBubblewrapIsRefusedWithAWayOut(@TempDir Path empty) {
    String message =
        assertThrows(
                SandboxException.class, () -> Sandbox.bubblewrap(1, List.of(), empty.toString()))
            .getMessage();
    assertTrue(message.contains("apt-get install bubblewrap"), message);
    assertTrue(message.contains("sandbox: none"), message);
  }

  @Test
  void aBubblewrapThatCannotIsolateIsRefused(@TempDir Path directory) throws Exception {
    for (String name : List.of("bwrap", "prlimit", "setpriv")) {
      Path file = directory.resolve(name);
      Files.writeString(
          file, "#!/bin/sh\necho 'No permissions to create new namespace' >&2; exit 1\n");
      assertTrue(file.toFile().setExecutable(true));
    }
    String message =
        assertThrows(
                SandboxException.class,
                () -> Sandbox.bubblewrap(1, List.of(), directory.toString()))
            .getMessage();
    assertTrue(message.contains("No permissions to create new namespace"), message);
    assertTrue(message.contains("sandbox: none"), message);
  }

  @Test
  void everySystemCallFilterIsWhole() {
    for (String architecture : List.of("amd64", "aarch64")) {
      byte[] program = SystemCallFilter.program(architecture);
      assertEquals(0, program.length % 8);
      assertTrue(program.length / 8 < 256, "jumps are bytes");
    }
    assertThrows(SandboxException.class, () -> SystemCallFilter.program("riscv64"));
  }
}
