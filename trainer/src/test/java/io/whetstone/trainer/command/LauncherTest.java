package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** scripts/whetstone with a Maven and a JDK that only note how they were called. */
@DisabledOnOs(OS.WINDOWS)
class LauncherTest {
  @TempDir Path directory;

  private final Map<String, String> environment = new HashMap<>();
  private Path root;
  private Path maven;
  private Path java;

  /** How the launcher ended. */
  private record Ended(int code, String out, String err) {}

  @BeforeEach
  void layOut() throws IOException {
    root = Files.createDirectories(directory.resolve("a repository"));
    Files.createDirectories(root.resolve("scripts"));
    for (String script : List.of("whetstone", "find-jdk")) {
      Path copy = root.resolve("scripts").resolve(script);
      Files.copy(Path.of("..", "scripts", script), copy);
      executable(copy);
    }
    Files.writeString(root.resolve("pom.xml"), "<jvm.flags>-Dflag=1 -Dother</jvm.flags>\n");
    Files.createDirectories(root.resolve(".mvn"));
    for (String module : List.of("engine", "datasets", "rewards", "checkpoints", "trainer")) {
      Files.createDirectories(root.resolve(module).resolve("src/main"));
      Files.writeString(root.resolve(module).resolve("src/main/A.java"), "");
    }
    maven =
        script(directory.resolve("bin/mvn"), "echo built >>\"$NOTES\"", "sleep 0.5", goodBuild());
    java = directory.resolve("jdk/bin/java");
    script(java, "pwd", "printf '<%s>' \"$@\"", "echo");
    script(directory.resolve("jdk/bin/javac"), "true");
    Files.writeString(directory.resolve("jdk/release"), "JAVA_VERSION=\"25.0.1\"\n");
  }

  private static String goodBuild() {
    return "mkdir -p trainer/target/lib && touch trainer/target/whetstone-trainer-1.jar";
  }

  private static Path script(Path file, String... lines) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/usr/bin/env bash\n" + String.join("\n", lines) + "\n");
    executable(file);
    return file;
  }

  private static void executable(Path file) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Process start(String... arguments) throws IOException {
    List<String> command = new java.util.ArrayList<>();
    command.add(root.resolve("scripts/whetstone").toString());
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().put("JAVA_HOME", directory.resolve("jdk").toString());
    builder.environment().put("PATH", maven.getParent() + ":" + System.getenv("PATH"));
    builder.environment().put("NOTES", directory.resolve("notes").toString());
    builder.environment().keySet().removeIf(name -> name.startsWith("WHETSTONE_"));
    builder.environment().putAll(environment);
    return builder.start();
  }

  private static Ended end(Process process) throws IOException, InterruptedException {
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    return new Ended(process.exitValue(), out, err);
  }

  private Ended launch(String... arguments) throws IOException, InterruptedException {
    return end(start(arguments));
  }

  private long builds() throws IOException {
    Path notes = directory.resolve("notes");
    return Files.exists(notes) ? Files.readAllLines(notes).size() : 0;
  }

  @Test
  void buildsOnceThenRunsInTheCallersDirectory() throws Exception {
    Ended first = launch("train", "two words", "*");
    assertEquals(0, first.code(), first.err());
    assertTrue(
        first.out().startsWith(directory.toRealPath() + "\n<-Dflag=1><-Dother>"), first.out());
    assertTrue(
        first.out().endsWith("<io.whetstone.trainer.command.Main><train><two words><*>\n"),
        first.out());
    assertTrue(first.err().contains("building"), first.err());
    Ended second = launch("doctor");
    assertEquals("", second.err());
    assertEquals(1, builds());
  }

  @Test
  void buildsAgainAfterASourceChangedOrWentAway() throws Exception {
    launch("doctor");
    Path source = root.resolve("rewards/src/main/A.java");
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(5)));
    launch("doctor");
    assertEquals(2, builds());
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().minusSeconds(60)));
    settle();
    launch("doctor");
    assertEquals(2, builds());
    Files.delete(source);
    launch("doctor");
    assertEquals(3, builds());
  }

  /** The stamp is as old as its build's begin: nothing that was laid out here may be newer. */
  private void settle() throws IOException {
    Files.setLastModifiedTime(
        root.resolve("trainer/target/.built"), FileTime.from(Instant.now().minusSeconds(1)));
    try (var files = Files.walk(root)) {
      for (Path file : files.filter(f -> !f.toString().contains("target")).toList()) {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(60)));
      }
    }
  }

  @Test
  void twoAtOnceBuildOnce() throws Exception {
    Process first = start("doctor");
    Process second = start("doctor");
    assertEquals(0, end(first).code());
    assertEquals(0, end(second).code());
    assertEquals(1, builds());
  }

  @Test
  void aFailedBuildIsShownAndTriedAgain() throws Exception {
    script(maven, "echo '[INFO] noise'", "echo '[ERROR] A.java:1: no such thing'", "exit 1");
    Ended failed = launch("doctor");
    assertEquals(1, failed.code());
    assertTrue(failed.err().contains("A.java:1: no such thing"), failed.err());
    assertFalse(failed.err().contains("noise"), failed.err());
    assertEquals("", failed.out());
    script(maven, goodBuild());
    assertEquals(0, launch("doctor").code());
  }

  /** A backend that is a module by itself: built and on the class path where it is named. */
  @Test
  void aNamedBackendIsBuiltAndAdded() throws Exception {
    Path module = root.resolve("engine/other");
    Path services = module.resolve("src/main/resources/META-INF/services");
    Files.createDirectories(services);
    Files.writeString(services.resolve("io.whetstone.tensor.BackendProvider"), "");
    Files.writeString(root.resolve("trainer/pom.xml"), "");
    String backend = "mkdir -p engine/other/target/lib";
    String jar = "touch engine/other/target/whetstone-other-1.jar";
    script(maven, "echo \"$*\" >>\"$NOTES\"", goodBuild(), backend, jar);
    Path configuration =
        Files.writeString(directory.resolve("o.yaml"), "name: o\nbackend: \"other\" # slow\n");
    String added = module.toRealPath() + "/target/whetstone-other-1.jar:";

    assertFalse(launch("train", "--set", "seed=1").out().contains(added));
    for (String[] arguments :
        new String[][] {
          {"train", "--set", "backend=other"},
          {"bench", "--backend", "other"},
          {"bench", "--backend=other"},
          {"train", configuration.toString()}
        }) {
      Ended ended = launch(arguments);
      assertTrue(ended.out().contains(added), ended.out());
    }
    String[] otherwise = {"train", configuration.toString(), "--set", "backend=cpu"};
    assertFalse(launch(otherwise).out().contains(added));
    assertTrue(launch("train", "--set", "backend=none").out().contains("backend=none"));
    assertEquals(2, builds(), "once without the module, once with it");
    Path source = Files.writeString(module.resolve("src/main/A.java"), "");
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(5)));
    launch("doctor");
    for (Path changed : List.of(source, source.getParent())) {
      Files.setLastModifiedTime(changed, FileTime.from(Instant.now().minusSeconds(60)));
    }
    launch("doctor");
    assertEquals(3, builds());
    launch("train", "--set", "backend=other");
    assertEquals(4, builds(), "what was built before the trainer is built again");
  }

  /** A library's reward heads: built and on the class path where a configuration names them. */
  @Test
  void namedRewardHeadsAreBuiltAndAdded() throws Exception {
    Path module = root.resolve("rewards/heads");
    Path services = module.resolve("src/main/resources/META-INF/services");
    Files.createDirectories(services);
    Files.writeString(services.resolve("io.whetstone.rewards.models.HeadProvider"), "");
    String lib = "mkdir -p rewards/heads/target/lib";
    String jar = "touch rewards/heads/target/whetstone-reward-heads-1.jar";
    script(maven, "echo \"$*\" >>\"$NOTES\"", goodBuild(), lib, jar);
    String added = module.toRealPath() + "/target/whetstone-reward-heads-1.jar:";
    Path file = directory.resolve("h.yaml");

    for (String kind : List.of("# kind: heads", "kind: headstrong", "kind: cosine")) {
      Files.writeString(file, "stages:\n  - reward-model:\n      " + kind + "\n");
      Ended ended = launch("train", file.toString());
      assertFalse(ended.out().contains(added), kind);
    }
    assertTrue(launch("train", "--set", "reward-model.kind=heads").out().contains(added));
    for (String kind : List.of("kind: heads", "kind: \"heads\" # by its looks")) {
      Files.writeString(file, "stages:\n  - reward-model:\n      " + kind + "\n");
      Ended ended = launch("train", file.toString());
      assertTrue(ended.out().contains(added), ended.out());
    }
    environment.put("WHETSTONE_MODULES", "rewards/heads");
    assertTrue(launch("doctor").out().contains(added));
    assertEquals(2, builds(), "once without the module, once with it");
    assertTrue(
        Files.readString(directory.resolve("notes")).contains("-pl trainer,rewards/heads -am"));
  }

  @Test
  void exitCodeAndSignalsAreTheJvms() throws Exception {
    script(java, "trap 'exit 130' TERM", "echo ready", "while :; do sleep 0.05; done");
    Process process = start("train");
    assertEquals('r', process.getInputStream().read());
    // Not destroy(), which closes what is still to be read.
    process.toHandle().destroy();
    assertEquals(130, end(process).code());
    script(java, "exit 7");
    assertEquals(7, launch("doctor").code());
  }
}
