package io.whetstone.datasets;

import java.util.Arrays;

/**
 * Where each kept row lies, and which task it belongs to. Memory: 48 bytes a row, and about 16 for
 * each task and 16 for each demonstration, whatever the rows hold.
 */
final class RowIndex {

  /**
   * One kept row.
   *
   * @param file which of the files
   * @param hash of the normalised prompt
   * @param answer hash of the answer
   * @param difficulty NaN where none is known
   */
  record Entry(
      int file, long offset, int length, long line, long hash, long answer, double difficulty) {}

  private final Rows tasks = new Rows();
  private final Rows demonstrations = new Rows();
  private final HashTable taskByHash = new HashTable();
  private final HashTable completions = new HashTable();
  private int[] taskOfDemonstration = new int[64];

  /** The task with this prompt's hash, or −1. */
  int find(long hash) {
    return taskByHash.get(hash);
  }

  /** Adds a task and returns its number. */
  int addTask(Entry entry) {
    int number = tasks.add(entry);
    taskByHash.putIfAbsent(entry.hash(), number);
    return number;
  }

  /** Adds a demonstration of a task; false if the same one is there already. */
  boolean addDemonstration(Entry entry, int task, long completionHash) {
    if (!completions.putIfAbsent(Hash.mix(entry.hash()) ^ completionHash, 0)) {
      return false;
    }
    int number = demonstrations.add(entry);
    if (number == taskOfDemonstration.length) {
      taskOfDemonstration = Arrays.copyOf(taskOfDemonstration, 2 * taskOfDemonstration.length);
    }
    taskOfDemonstration[number] = task;
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
    return tasks.size;
  }

  int demonstrations() {
    return demonstrations.size;
  }

  /** Entries as columns of numbers. */
  private static final class Rows {
    private int size;
    private int[] file = new int[64];
    private long[] offset = new long[64];
    private int[] length = new int[64];
    private long[] line = new long[64];
    private long[] hash = new long[64];
    private long[] answer = new long[64];
    private double[] difficulty = new double[64];

    int add(Entry entry) {
      if (size == file.length) {
        int more = Math.addExact(size, size);
        file = Arrays.copyOf(file, more);
        offset = Arrays.copyOf(offset, more);
        length = Arrays.copyOf(length, more);
        line = Arrays.copyOf(line, more);
        hash = Arrays.copyOf(hash, more);
        answer = Arrays.copyOf(answer, more);
        difficulty = Arrays.copyOf(difficulty, more);
      }
      file[size] = entry.file();
      offset[size] = entry.offset();
      length[size] = entry.length();
      line[size] = entry.line();
      hash[size] = entry.hash();
      answer[size] = entry.answer();
      difficulty[size] = entry.difficulty();
      return size++;
    }

    Entry get(int i) {
      return new Entry(file[i], offset[i], length[i], line[i], hash[i], answer[i], difficulty[i]);
    }
  }
}
