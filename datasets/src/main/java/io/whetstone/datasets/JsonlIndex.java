package io.whetstone.datasets;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Where each kept line of a file lies, and which task it belongs to; a few numbers a line. */
final class JsonlIndex {

  /**
   * One kept line.
   *
   * @param hash of the normalised prompt
   * @param answer hash of the answer
   */
  record Entry(long offset, int length, long line, long hash, long answer) {}

  private final List<Entry> tasks = new ArrayList<>();
  private final List<Entry> demonstrations = new ArrayList<>();
  private final Map<Long, Integer> taskByHash = new HashMap<>();
  private final Set<Long> completions = new HashSet<>();
  private int[] taskOfDemonstration = new int[64];

  /** The task with this prompt's hash, or −1. */
  int find(long hash) {
    return taskByHash.getOrDefault(hash, -1);
  }

  /** Adds a task and returns its number. */
  int addTask(Entry entry) {
    tasks.add(entry);
    taskByHash.putIfAbsent(entry.hash(), tasks.size() - 1);
    return tasks.size() - 1;
  }

  /** Adds a demonstration of a task; false if the same one is there already. */
  boolean addDemonstration(Entry entry, int task, long completionHash) {
    if (!completions.add(Hash.mix(entry.hash()) ^ completionHash)) {
      return false;
    }
    if (demonstrations.size() == taskOfDemonstration.length) {
      taskOfDemonstration = Arrays.copyOf(taskOfDemonstration, 2 * taskOfDemonstration.length);
    }
    taskOfDemonstration[demonstrations.size()] = task;
    demonstrations.add(entry);
    return true;
  }

  Entry task(int number) {
    return tasks.get(number);
  }

  Entry demonstration(int number) {
    return demonstrations.get(number);
  }

  int taskOf(int demonstration) {
    return taskOfDemonstration[demonstration];
  }

  int tasks() {
    return tasks.size();
  }

  int demonstrations() {
    return demonstrations.size();
  }
}
