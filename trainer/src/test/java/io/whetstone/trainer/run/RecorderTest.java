package io.whetstone.trainer.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecorderTest {
  private static final InstantSource NOON =
      InstantSource.fixed(Instant.parse("2026-01-01T12:00:00.25Z"));

  @TempDir Path runs;

  private static List<RolloutRecord> rollouts(int step) {
    return LongStream.range(step * 10L, step * 10L + 4).mapToObj(Records::of).toList();
  }

  private static void record(Recorder recorder, String stage, int from, int to) {
    for (int step = from; step <= to; step++) {
      Map<String, Double> metrics = new HashMap<>();
      metrics.put("reward/mean", step / 3.0);
      metrics.put("groups/total", 8.0);
      recorder.step(stage, step, metrics, stage.equals("sft") ? List.of() : rollouts(step));
    }
  }

  /** Every file's bytes, by its path in the run. */
  private static Map<String, String> contents(RunDirectory run) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(run.path())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        contents.put(
            run.path().relativize(file).toString(),
            new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.ISO_8859_1));
      }
    }
    return contents;
  }

  @Test
  void aLineHasAFixedForm() throws IOException {
    try (RunDirectory run = RunDirectory.create(runs, "one");
        Recorder recorder = Recorder.begin(run, NOON)) {
      Map<String, Double> metrics = new LinkedHashMap<>();
      metrics.put("reward/mean", 0.1);
      metrics.put("policy/kl", 1e-9);
      metrics.put("groups/total", 16.0);
      metrics.put("large", 0x1p60);
      metrics.put("reward/std", Double.NaN);
      metrics.put("gradient/norm", Double.POSITIVE_INFINITY);
      recorder.step("grpo", 7, metrics, List.of());
      Locale before = Locale.getDefault();
      try {
        Locale.setDefault(Locale.forLanguageTag("ar-EG"));
        recorder.step("grpo", 8, Map.of("x", -2.5), List.of());
      } finally {
        Locale.setDefault(before);
      }
      assertEquals(
          """
          {"stage":"grpo","step":7,"time":1767268800.250,"gradient/norm":null,\
          "groups/total":16,"large":1.152921504606847E18,"policy/kl":1.0E-9,"reward/mean":0.1,\
          "reward/std":null}
          {"stage":"grpo","step":8,"time":1767268800.250,"x":-2.5}
          """,
          Files.readString(run.metrics()));
    }
  }

  @Test
  void theSameStepsGiveTheSameBytes() throws IOException {
    try (RunDirectory a = RunDirectory.create(runs, "run");
        RunDirectory b = RunDirectory.create(runs, "run")) {
      for (RunDirectory run : List.of(a, b)) {
        try (Recorder recorder = Recorder.begin(run, NOON)) {
          record(recorder, "sft", 1, 3);
          record(recorder, "grpo", 1, 3);
        }
      }
      assertEquals(contents(a), contents(b));
      assertTrue(contents(a).containsKey("rollouts/grpo-3.jsonl.gz"));
    }
  }

  @Test
  void resumingEndsInTheBytesOfARunThatWasNotInterrupted() throws IOException {
    try (RunDirectory whole = RunDirectory.create(runs, "run");
        RunDirectory killed = RunDirectory.create(runs, "run")) {
      try (Recorder recorder = Recorder.begin(whole, NOON)) {
        record(recorder, "sft", 1, 4);
        record(recorder, "grpo", 1, 9);
      }
      Map<String, Long> lengths;
      try (Recorder recorder = Recorder.begin(killed, NOON)) {
        record(recorder, "sft", 1, 4);
        record(recorder, "grpo", 1, 3);
        lengths = recorder.sync();
        record(recorder, "grpo", 4, 12);
      }
      // As a process leaves it that is killed while it writes.
      Files.writeString(killed.metrics(), "{\"stage\":\"gr", StandardOpenOption.APPEND);
      Files.write(killed.rollouts().resolve(".grpo-13.jsonl.gz.partial"), new byte[] {31});
      Files.write(killed.rollouts().resolve("grpo-13.jsonl.gz"), new byte[] {31});

      try (Recorder recorder = Recorder.resume(killed, lengths, NOON)) {
        assertFalse(Files.exists(killed.rollouts().resolve("grpo-4.jsonl.gz")));
        record(recorder, "grpo", 4, 9);
      }
      assertEquals(contents(whole), contents(killed));
    }
  }

  @Test
  void withoutACheckpointRecordsBeginAnew() throws IOException {
    try (RunDirectory run = RunDirectory.create(runs, "run")) {
      try (Recorder recorder = Recorder.begin(run, NOON)) {
        record(recorder, "grpo", 1, 2);
      }
      try (Recorder recorder = Recorder.begin(run, NOON)) {
        record(recorder, "grpo", 1, 1);
      }
      assertEquals(1, Files.readAllLines(run.metrics()).size());
      assertFalse(Files.exists(run.rollouts().resolve("grpo-2.jsonl.gz")));
    }
  }

  @Test
  void recordsThatLostLinesAreNotGoneOnWith() throws IOException {
    try (RunDirectory run = RunDirectory.create(runs, "run")) {
      Map<String, Long> lengths;
      try (Recorder recorder = Recorder.begin(run, NOON)) {
        record(recorder, "grpo", 1, 2);
        lengths = recorder.sync();
      }
      String lines = Files.readString(run.metrics());
      for (String damaged :
          List.of("", lines.substring(0, lines.length() - 1), "x" + lines, "no json\n" + lines)) {
        Files.writeString(run.metrics(), damaged);
        RunException failure =
            assertThrows(RunException.class, () -> Recorder.resume(run, lengths, NOON));
        assertTrue(failure.usersToMend());
        assertTrue(failure.getMessage().startsWith(run.metrics().toString()));
        assertEquals(damaged, Files.readString(run.metrics()), "nothing is cut off");
      }
      assertThrows(RunException.class, () -> Recorder.resume(run, Map.of(), NOON));
    }
  }

  @Test
  void rolloutsAreReadBackToTheBit() {
    try (RunDirectory run = RunDirectory.create(runs, "run")) {
      List<RolloutRecord> records = LongStream.range(0, 60).mapToObj(Records::of).toList();
      try (Recorder recorder = Recorder.begin(run, NOON)) {
        recorder.step("grpo", 1, Map.of(), records);
      }
      List<RolloutRecord> read = new RolloutFiles(run.rollouts()).read("grpo", 1);
      assertEquals(records.size(), read.size());
      for (int i = 0; i < read.size(); i++) {
        RolloutRecord expected = records.get(i);
        RolloutRecord actual = read.get(i);
        assertEquals(expected.task(), actual.task());
        assertEquals(expected.prompt(), actual.prompt());
        assertEquals(expected.text(), actual.text());
        assertEquals(expected.scores(), actual.scores());
        assertEquals(expected.reward(), actual.reward());
        assertEquals(
            List.of(expected.sample(), expected.visit(), expected.attempt(), expected.policy()),
            List.of(actual.sample(), actual.visit(), actual.attempt(), actual.policy()));
        assertEquals(expected.stop(), actual.stop());
        assertArrayEquals(expected.ids(), actual.ids());
        assertArrayEquals(expected.logprobs(), actual.logprobs());
        assertArrayEquals(expected.trained(), actual.trained());
        assertArrayEquals(expected.forced(), actual.forced());
        assertArrayEquals(expected.advantages(), actual.advantages());
      }
    }
  }

  @Test
  void aDamagedFileOfRolloutsIsNamed() throws IOException {
    try (RunDirectory run = RunDirectory.create(runs, "run")) {
      try (Recorder recorder = Recorder.begin(run, NOON)) {
        record(recorder, "grpo", 1, 1);
      }
      Path file = run.rollouts().resolve("grpo-1.jsonl.gz");
      byte[] bytes = Files.readAllBytes(file);
      Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length / 2));
      RunException failure =
          assertThrows(RunException.class, () -> new RolloutFiles(run.rollouts()).read("grpo", 1));
      assertTrue(failure.getMessage().contains("grpo-1.jsonl.gz: line "), failure.getMessage());
    }
  }
}
