package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What users get wrong is said in one message that tells how to mend it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputTest {
  private Path directory;
  private Path runs;

  @BeforeAll
  void train(@TempDir Path temporary) {
    directory = temporary;
    runs = temporary.resolve("runs");
    CommandLineRun.train(runs, "sound").succeeded();
  }

  private void assertSays(String message, String... parts) {
    for (String part : parts) {
      assertTrue(message.contains(part), "\"" + part + "\" is not in: " + message);
    }
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }

  private String tinyWith(String from, String to) throws IOException {
    String tiny = Files.readString(Path.of(CommandLineRun.tiny()));
    assertTrue(tiny.contains(from), from);
    return tiny.replace(from, to);
  }

  private String refusedConfiguration(String text) throws IOException {
    Path file = write("bad.yaml", text);
    String message =
        CommandLineRun.of("train", file.toString(), "--runs", directory.resolve("none").toString())
            .refused(2);
    assertFalse(Files.exists(directory.resolve("none").resolve("tiny")), "a run was begun");
    return message;
  }

  @Test
  void brokenYaml() throws IOException {
    assertSays(refusedConfiguration(tinyWith("steps: 5", "steps: [5")), "bad.yaml", "line");
  }

  @Test
  void unknownKey() throws IOException {
    assertSays(
        refusedConfiguration(tinyWith("group-size: 4", "group-sise: 4")),
        "bad.yaml",
        "grpo.group-sise",
        "group-size");
  }

  @Test
  void mistypedAndImpossibleValues() throws IOException {
    assertSays(
        refusedConfiguration(tinyWith("steps: 5", "steps: many")), "sft.steps", "many", "number");
    assertSays(
        refusedConfiguration(tinyWith("group-size: 4", "group-size: 1")),
        "grpo.group-size",
        "1 is not");
    assertSays(
        refusedConfiguration(
            tinyWith("learning-rate: 1e-2", "learning-rate: 1e-2\n      schedule: {warmup: 5}")),
        "warmup",
        "5");
  }

  @Test
  void promptsThatDoNotFit() throws IOException {
    assertSays(
        refusedConfiguration(tinyWith("max-positions: 96", "max-positions: 26")),
        "positions",
        "max-tokens");
  }

  @Test
  void whatWouldStopTheRunLater() throws IOException {
    assertSays(
        refusedConfiguration(
            tinyWith(
                "tasks: {synthetic: {sums: {numbers: [2, 3], values: [1, 9]}}}",
                "tasks: {synthetic: {sums: {numbers: [2, 3], values: [1, 9], held-out: 0.6}}}")),
        "sft.data",
        "evaluation holds out");
    assertSays(
        refusedConfiguration(ownData("skip").replace("held-out: 3", "held-out: 12")),
        "grpo.tasks",
        "data.jsonl",
        "held out");
    assertSays(
        refusedConfiguration(tinyWith("steps: 5", "epochs: 1")), "sft.epochs", "endless", "steps");
    assertSays(
        refusedConfiguration(tinyWith("count: 8", "count: 8\n  solved-by: acuracy")),
        "evaluation.solved-by",
        "acuracy",
        "accuracy");
  }

  @Test
  void unknownReward() throws IOException {
    assertSays(refusedConfiguration(tinyWith("- accuracy", "- acuracy")), "acuracy", "accuracy");
  }

  @Test
  void missingFiles() throws IOException {
    assertSays(CommandLineRun.of("train", "no-such.yaml").refused(2), "no-such.yaml");
    assertSays(
        refusedConfiguration(
            tinyWith(
                "tasks: {synthetic: {sums: {numbers: [2, 3], values: [1, 9]}}}",
                "tasks: {jsonl: {path: no-such.jsonl, prompt: q, answer: {from: a}}}")),
        "no-such.jsonl");
    assertSays(
        CommandLineRun.train(directory.resolve("none"), "x", "--set", "model={path: no-such-model}")
            .refused(2),
        "no-such-model");
    assertSays(
        CommandLineRun.of("eval", "no-such-model", "--tasks", "sums").refused(2), "no-such-model");
    assertSays(
        CommandLineRun.of("export", "no-such-run", "--to", directory.resolve("x").toString())
            .refused(2),
        "no-such-run");
  }

  private String ownData(String onBadLine) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 1; i <= 12; i++) {
      lines.append(
          i == 7
              ? "{\"q\": \"7+7=?\", \"a\": \n"
              : "{\"q\": \"%d+1=?\", \"a\": \"#### %d\"}\n".formatted(i, i + 1));
    }
    Path data = write("data.jsonl", lines.toString());
    return tinyWith(
            "tasks: {synthetic: {sums: {numbers: [2, 3], values: [1, 9]}}}",
            "tasks: {jsonl: {path: \""
                + data
                + "\", prompt: q, answer: {from: a, after: \"####\"}, held-out: 3, on-bad-line: "
                + onBadLine
                + "}}")
        .replaceAll("(?m)^  longer:.*$", "");
  }

  @Test
  void badLine() throws IOException {
    assertSays(refusedConfiguration(ownData("stop")), "data.jsonl:7");
    Path file = write("skip.yaml", ownData("skip"));
    CommandLineRun skipped =
        CommandLineRun.of("train", file.toString(), "--runs", runs.toString(), "--run", "skip");
    skipped.succeeded();
    assertSays(skipped.err(), "bad lines skipped: 1", "data.jsonl:7");
  }

  @Test
  void offloadWhereThereIsNothingToRelieve() {
    assertSays(
        CommandLineRun.train(directory.resolve("none"), "x", "--set", "offload=[optimizer]")
            .refused(2),
        "offload: the backend cpu computes in the host's memory already; leave it out");
    assertSays(
        CommandLineRun.train(directory.resolve("none"), "x", "--set", "offload=[moments]")
            .refused(2),
        "offload",
        "moments",
        "optimizer, reference");
  }

  @Test
  void takenName() {
    assertSays(CommandLineRun.train(runs, "sound").refused(2), "sound exists already", "--resume");
  }

  @Test
  void changedConfiguration() {
    assertSays(
        CommandLineRun.train(runs, "sound", "--resume", "--set", "grpo.clip-high=0.3").refused(2),
        "grpo.clip-high");
    CommandLineRun.train(runs, "sound", "--resume", "--set", "threads=1").succeeded();
  }

  @Test
  void damagedCheckpoints() throws IOException {
    for (boolean truncate : new boolean[] {true, false}) {
      String name = truncate ? "truncated" : "flipped";
      CommandLineRun.train(runs, name).succeeded();
      Path newest = runs.resolve(name).resolve("checkpoints").resolve("step-11");
      Path weights = newest.resolve("model.safetensors");
      byte[] bytes = Files.readAllBytes(weights);
      if (truncate) {
        bytes = java.util.Arrays.copyOf(bytes, bytes.length / 2);
      } else {
        bytes[bytes.length / 2] ^= 4;
      }
      Files.write(weights, bytes);
      String run = runs.resolve(name).toString();
      assertSays(
          CommandLineRun.train(runs, name, "--resume").refused(2),
          "model.safetensors",
          truncate ? "truncated" : "SHA-256",
          "step-10");
      assertSays(CommandLineRun.of("eval", run, "--tasks", "sums").refused(2), "model.safetensors");
      assertSays(
          CommandLineRun.of("export", run, "--to", directory.resolve("e" + name).toString())
              .refused(2),
          "model.safetensors");
      // As the message says: without it, the run goes on from the one before.
      deleteAll(newest);
      CommandLineRun.train(runs, name, "--resume").succeeded();
      assertEquals(RunFiles.of(runs.resolve("sound")), RunFiles.of(runs.resolve(name)));
    }
  }

  /** Whatever the command, a model that is not what it should be is the user's to mend. */
  @Test
  void modelsThatNoCommandReads() throws IOException {
    Path sound = runs.resolve("sound").resolve("checkpoints").resolve("step-11");
    for (Damaged damaged : Damaged.values()) {
      Path model = Files.createDirectory(directory.resolve("model-" + damaged));
      for (String name : List.of("config.json", "tokenizer.json", "model.safetensors")) {
        Files.copy(sound.resolve(name), model.resolve(name));
      }
      damaged.damage(model);
      String path = model.toString();
      String ids = write("ids.jsonl", "{\"ids\": [1, 2, 3]}\n").toString();
      for (List<String> command :
          List.of(
              List.of(
                  "train",
                  CommandLineRun.tiny(),
                  "--runs",
                  directory.resolve("none").toString(),
                  "--set",
                  "model={path: " + path + "}"),
              List.of("doctor", CommandLineRun.tiny(), "--set", "model={path: " + path + "}"),
              List.of("eval", path, "--tasks", "sums"),
              List.of("generate", path, "--prompt", "1+2=?"),
              List.of("logprobs", path, "--ids", ids),
              List.of("export", path, "--to", directory.resolve("hf-" + damaged).toString()),
              List.of(
                  "export",
                  path,
                  "--to",
                  directory.resolve("gguf-" + damaged).toString(),
                  "--format",
                  "gguf"))) {
        CommandLineRun run = CommandLineRun.of(command.toArray(String[]::new));
        assertSays(run.refused(2) + run.out(), damaged.says);
      }
    }
  }

  private enum Damaged {
    TYPE("model_type") {
      @Override
      void damage(Path model) throws IOException {
        Path config = model.resolve("config.json");
        String text = Files.readString(config);
        Files.writeString(
            config, text.replaceAll("(\"model_type\"\\s*:\\s*)\"[^\"]*\"", "$1\"mamba\""));
      }
    },
    WEIGHTS("model.safetensors") {
      @Override
      void damage(Path model) throws IOException {
        Path weights = model.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        Files.write(weights, java.util.Arrays.copyOf(bytes, bytes.length / 2));
      }
    },
    NO_WEIGHTS("model.safetensors") {
      @Override
      void damage(Path model) throws IOException {
        Files.delete(model.resolve("model.safetensors"));
      }
    };

    private final String says;

    Damaged(String says) {
      this.says = says;
    }

    abstract void damage(Path model) throws IOException;
  }

  private static void deleteAll(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Test
  void lostEnvironment() throws IOException {
    CommandLineRun.train(runs, "lost").succeeded();
    Files.delete(runs.resolve("lost").resolve("environment.json"));
    assertSays(
        CommandLineRun.train(runs, "lost", "--resume").succeeded().err(), "environment.json");
    assertTrue(Files.exists(runs.resolve("lost").resolve("environment.json")));
  }

  /** With a file system of its own: the disk is full for all files, not only for large ones. */
  @Test
  void fullFileSystem() throws Exception {
    Path disk = Files.createDirectory(directory.resolve("disk"));
    // 140 KB: the first checkpoints fit; the process then says what is left of them.
    String script =
        "mount -t tmpfs -o size=140k none \"$0\" || exit 99\n\"$@\"\necho \"code $?\"\n"
            + "ls \"$0\"/small/checkpoints; cat \"$0\"/small/summary.json";
    List<String> command =
        CommandLineRun.command(
            List.of(), "train", CommandLineRun.tiny(), "--runs", disk.toString(), "--run", "small");
    List<String> confined =
        Stream.concat(
                Stream.of("unshare", "-rm", "/bin/sh", "-c", script, disk.toString()),
                command.stream())
            .toList();
    Path log = directory.resolve("disk.log");
    int code;
    try {
      code =
          new ProcessBuilder(confined)
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start()
              .waitFor();
    } catch (IOException e) {
      code = 99; // there is no unshare
    }
    String said = Files.exists(log) ? Files.readString(log) : "";
    if (code == 99 || said.startsWith("unshare:")) {
      System.out.println("NOT RUN: fullFileSystem: a file system cannot be mounted here: " + said);
      return;
    }
    assertSays(said, "code 1\n", "could not be written: No space left", "\nstep-2\n", "failed");
    assertFalse(said.contains("\tat "), said);
    assertFalse(said.contains(".partial"), said);
  }

  @Test
  void fullDisk() throws Exception {
    if (!Files.isExecutable(Path.of("/bin/sh"))) {
      System.out.println("NOT RUN: fullDisk: there is no /bin/sh to limit the size of files with");
      return;
    }
    // Files of at most 48 KiB: the first stage's checkpoints fit, the second's optimizer does not.
    Path log = directory.resolve("full.log");
    List<String> command =
        CommandLineRun.command(
            List.of(),
            "train",
            CommandLineRun.tiny(),
            "--runs",
            runs.toString(),
            "--run",
            "full",
            "--set",
            "seed=7");
    List<String> limited =
        Stream.concat(
                Stream.of("/bin/sh", "-c", "ulimit -f 96; exec \"$@\"", "sh"), command.stream())
            .toList();
    Process process =
        new ProcessBuilder(limited).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    int code = process.waitFor();
    String said = Files.readString(log);
    assertEquals(1, code, said);
    assertFalse(said.contains("\tat "), said);
    assertSays(said, "step-6", "could not be written", "as they were");
    assertEquals("failed", RunFiles.summary(runs.resolve("full")).get("status").asText());
    CommandLineRun.train(runs, "full", "--resume").succeeded();
    assertEquals(RunFiles.of(runs.resolve("sound")), RunFiles.of(runs.resolve("full")));
  }
}
