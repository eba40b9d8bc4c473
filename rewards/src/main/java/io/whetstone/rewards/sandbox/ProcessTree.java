package io.whetstone.rewards.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * What a process and all that came from it use at this moment, read from {@code /proc}.
 *
 * @param processes their numbers, parents first
 * @param memory bytes resident that belong to them, without files mapped from disk; a page that
 *     several share counts for each
 * @param peakMemory bytes: the largest resident set that any but the root has ever had
 * @param cpu time used by those that live, and by those that ended and were waited for
 * @param waited the longest that one of their threads has stood in line for a processor
 */
record ProcessTree(
    List<Integer> processes, long memory, long peakMemory, Duration cpu, Duration waited) {

  private static final Path PROC = Path.of("/proc");
  private static final long TICK_MILLIS = 10; // USER_HZ is 100 wherever Linux runs Java

  static ProcessTree under(int root) {
    List<Integer> processes = new ArrayList<>();
    long memory = 0;
    long peak = 0;
    long ticks = 0;
    long waited = 0;
    Deque<String> left = new ArrayDeque<>();
    left.add(Integer.toString(root));
    while (!left.isEmpty()) {
      Path process = PROC.resolve(left.remove());
      try {
        String stat = read(process.resolve("stat"));
        // The name stands in brackets and may hold anything; what follows is counted from its end.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        for (int i = 11; i < 15; i++) { // utime, stime and those of children waited for
          ticks += Long.parseLong(fields[i]);
        }
        processes.add(Integer.valueOf(process.getFileName().toString()));
        String status = read(process.resolve("status"));
        memory += field(status, "RssAnon:") + field(status, "RssShmem:");
        peak = processes.size() == 1 ? peak : Math.max(peak, field(status, "VmHWM:"));
        try (var threads = Files.newDirectoryStream(process.resolve("task"))) {
          for (Path thread : threads) {
            waited = Math.max(waited, waited(thread));
            for (String child : read(thread.resolve("children")).split(" ")) {
              if (!child.isEmpty()) {
                left.add(child);
              }
            }
          }
        }
      } catch (IOException e) {
        continue; // it ended while it was looked at
      }
    }
    return new ProcessTree(
        processes, memory, peak, Duration.ofMillis(ticks * TICK_MILLIS), Duration.ofNanos(waited));
  }

  /** Nanoseconds; 0 where the kernel does not count them. */
  private static long waited(Path thread) {
    try {
      return Long.parseLong(read(thread.resolve("schedstat")).split(" ")[1]);
    } catch (IOException e) {
      return 0;
    }
  }

  private static long field(String status, String name) {
    int at = status.indexOf(name);
    if (at < 0) {
      return 0; // a zombie has none
    }
    int end = status.indexOf("kB", at);
    return Long.parseLong(status.substring(at + name.length(), end).strip()) << 10;
  }

  private static String read(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
  }
}
