package io.whetstone.trainer.rollout;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * What was measured of each task: how often it came up, how many completions were drawn and how
 * many of them were right. Older visits count less: at each visit the counts are first multiplied
 * by the memory.
 *
 * <p>Memory: an entry for each task that came up.
 */
public final class DifficultyLedger {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A task's counts; {@code id} for people. */
  private record Entry(String id, long visits, double drawn, double right) {}

  private final double memory;
  private final Map<Long, Entry> entries = new TreeMap<>();

  /**
   * @param memory in [0, 1]: 1 weighs all visits alike, 0 remembers the last one only
   */
  public DifficultyLedger(double memory) {
    this.memory = memory;
  }

  /** Says that a task was handed out; returns how often it was before. */
  long visit(long index, String id) {
    Entry before = entries.getOrDefault(index, new Entry(id, 0, 0, 0));
    entries.put(index, new Entry(id, before.visits + 1, before.drawn, before.right));
    return before.visits;
  }

  /**
   * Adds what a visit showed.
   *
   * @param drawn completions that could be judged; 0 changes nothing
   * @param right those of them that are right
   */
  public void measured(TaskVisit visit, int drawn, int right) {
    if (drawn == 0) {
      return;
    }
    String id = visit.task().id();
    Entry before = entries.getOrDefault(visit.index(), new Entry(id, 1, 0, 0));
    entries.put(
        visit.index(),
        new Entry(id, before.visits, memory * before.drawn + drawn, memory * before.right + right));
  }

  /** (right + 1) / (drawn + 2), Laplace's rule of succession: 1/2 for a task not met yet. */
  public double passRate(long index) {
    Entry entry = entries.get(index);
    return entry == null ? 0.5 : (entry.right + 1) / (entry.drawn + 2);
  }

  /** How often a task was handed out. */
  long visits(long index) {
    Entry entry = entries.get(index);
    return entry == null ? 0 : entry.visits;
  }

  /** Tasks that came up. */
  public int size() {
    return entries.size();
  }

  /** A line a task: {@code {"index":…,"task":…,"visits":…,"drawn":…,"right":…,"pass-rate":…}}. */
  public void write(Path file) throws IOException {
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      for (Map.Entry<Long, Entry> each : entries.entrySet()) {
        Entry entry = each.getValue();
        out.write(
            JSON.createObjectNode()
                .put("index", each.getKey())
                .put("task", entry.id)
                .put("visits", entry.visits)
                .put("drawn", entry.drawn)
                .put("right", entry.right)
                .put("pass-rate", passRate(each.getKey()))
                .toString());
        out.write('\n');
      }
    }
  }

  /** Takes back what {@link #write} wrote. */
  public void read(Path file) throws IOException {
    entries.clear();
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode node = JSON.readTree(line);
        entries.put(
            node.required("index").longValue(),
            new Entry(
                node.required("task").textValue(),
                node.required("visits").longValue(),
                node.required("drawn").doubleValue(),
                node.required("right").doubleValue()));
      }
    }
  }
}
