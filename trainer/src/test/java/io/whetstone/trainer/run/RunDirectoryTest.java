package io.whetstone.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunDirectoryTest {
  @TempDir Path home;

  private Path runs() {
    return home.resolve("runs");
  }

  private static RunException refused(Runnable action) {
    RunException refusal = assertThrows(RunException.class, action::run);
    assertTrue(refusal.usersToMend(), refusal.getMessage());
    return refusal;
  }

  @Test
  void aTakenNameGetsANumber() {
    assertEquals(Optional.empty(), RunDirectory.latest(runs(), "first-run"));
    for (String expected : new String[] {"first-run", "first-run-2", "first-run-3"}) {
      try (RunDirectory run = RunDirectory.create(runs(), "first-run")) {
        assertEquals(expected, run.name());
        assertEquals(Optional.of(expected), RunDirectory.latest(runs(), "first-run"));
      }
    }
  }

  @Test
  void anAskedForNameThatIsTakenIsRefused() {
    RunDirectory.createNamed(runs(), "mine").close();
    RunException refusal = refused(() -> RunDirectory.createNamed(runs(), "mine"));
    assertEquals(
        runs().resolve("mine")
            + " exists already: choose another --run, add --resume to go on with it, or leave"
            + " --run out for a new name",
        refusal.getMessage());
  }

  /** Another --runs mends it, so it is a mistake (code 2). */
  @Test
  void aPlaceThatIsNoDirectoryIsRefused() throws IOException {
    Path file = Files.writeString(home.resolve("file"), "");
    for (Path place : new Path[] {file, file.resolve("deep"), file.resolve("deep/er")}) {
      assertEquals(
          place.resolve("one")
              + " cannot be made: "
              + file
              + " is not a directory; name another place with --runs",
          refused(() -> RunDirectory.create(place, "one")).getMessage());
    }
  }

  @Test
  void resumingNeedsARun() throws IOException {
    assertTrue(
        refused(() -> RunDirectory.resume(runs(), "none"))
            .getMessage()
            .endsWith("nothing to resume; there are no runs in " + runs()));
    try (RunDirectory run = RunDirectory.create(runs(), "one")) {
      run.writeConfiguration("name: one\n");
      assertEquals("name: one\n", Files.readString(run.configuration()));
    }
    assertTrue(
        refused(() -> RunDirectory.resume(runs(), "oen")).getMessage().endsWith("there is: one"));
    Files.createDirectory(runs().resolve("empty"));
    assertTrue(
        refused(() -> RunDirectory.resume(runs(), "empty"))
            .getMessage()
            .contains("has no config.yaml"));
    RunDirectory.resume(runs(), "one").close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "a/b", "/tmp/x", "-x", "a b", "ä"})
  void namesThatAreNoneAreRefused(String name) {
    refused(() -> RunDirectory.createNamed(runs(), name));
    refused(() -> RunDirectory.create(runs(), name));
    refused(() -> RunDirectory.resume(runs(), name));
    assertFalse(Files.exists(runs()));
  }

  @Test
  void aFileInTheWayIsNamed() throws IOException {
    Files.writeString(runs(), "");
    RunException refusal =
        assertThrows(RunException.class, () -> RunDirectory.create(runs(), "mine"));
    assertTrue(refusal.getMessage().contains(runs().toString()), refusal.getMessage());
  }

  @Test
  void oneProcessHoldsARunOnlyOnce() {
    try (RunDirectory run = RunDirectory.create(runs(), "one")) {
      run.writeConfiguration("");
      assertTrue(
          refused(() -> RunDirectory.resume(runs(), "one"))
              .getMessage()
              .contains("is being written by process " + ProcessHandle.current().pid()));
    }
    RunDirectory.resume(runs(), "one").close();
  }

  @Test
  void anotherProcessHoldsARunUntilItEnds() throws IOException, InterruptedException {
    try (RunDirectory run = RunDirectory.create(runs(), "one")) {
      run.writeConfiguration("");
    }
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Holder.class.getName(),
                runs().toString(),
                "one")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      assertEquals('h', other.getInputStream().read(), "the other process holds the run");
      assertTrue(
          refused(() -> RunDirectory.resume(runs(), "one"))
              .getMessage()
              .contains("is being written by process " + other.pid()));
    } finally {
      other.destroyForcibly().waitFor();
    }
    RunDirectory.resume(runs(), "one").close();
  }

  /** Holds a run until it is killed. */
  static final class Holder {
    private Holder() {}

    public static void main(String[] arguments) throws IOException {
      RunDirectory.resume(Path.of(arguments[0]), arguments[1]);
      System.out.print("h");
      System.out.flush();
      System.in.read();
    }
  }
}
