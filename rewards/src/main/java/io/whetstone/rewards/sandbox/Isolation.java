package io.whetstone.rewards.sandbox;

import java.util.List;
import java.util.OptionalInt;

/** A way of keeping a program apart from everything else. */
interface Isolation {

  /** What every program finds in its environment, and nothing else. */
  List<String> ENVIRONMENT =
      List.of(
          "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
          "HOME=/tmp",
          "TMPDIR=/tmp",
          "LANG=C.UTF-8",
          "PYTHONHASHSEED=0", // a set's order is then a function of the program
          "OMP_NUM_THREADS=1", // a thread a core of the host would break the limits by itself
          "OPENBLAS_NUM_THREADS=1",
          "MKL_NUM_THREADS=1");

  /**
   * A program made ready.
   *
   * @param command runs it; its process lives until all of the program's have ended
   * @param report our end of a pipe on which the isolation says how it went, where it does
   * @param afterwards takes away what was made for the run
   */
  record Launch(List<String> command, OptionalInt report, Runnable afterwards) {}

  /**
   * Makes a program ready.
   *
   * @param slot from 0; no two programs that run at the same time have the same
   * @param descriptors has the program's own already; takes those of the isolation
   */
  Launch launch(Program program, Limits limits, int slot, Descriptors descriptors);

  /** Whether the program was started, by what the isolation reported. */
  boolean started(String report);

  /** The words that set a process's limits before they turn into the program. */
  static List<String> limited(Limits limits) {
    // The time of all processes together is watched from outside; this is for when that is late.
    long seconds = limits.cpu().toSeconds() + 2;
    // A process is refused more data than all may have resident. The address space is not limited:
    // virtual machines reserve much that they never use.
    return List.of(
        "prlimit",
        "--cpu=%d:%d".formatted(seconds, seconds + 1),
        "--data=" + limits.memory(),
        "--fsize=" + limits.disk(),
        "--nproc=" + limits.processes(),
        "--nofile=256",
        "--stack=" + Math.min(64L << 20, limits.memory()) + ":",
        "--core=0",
        "--memlock=0",
        "--");
  }

  /** A shell that outlives the program, so that its end is seen and told. */
  List<String> SHELL = List.of("/bin/sh", "-c", "\"$@\"; exit $?", "sh");
}
