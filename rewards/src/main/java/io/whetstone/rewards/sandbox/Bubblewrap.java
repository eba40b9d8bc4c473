package io.whetstone.rewards.sandbox;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * Isolation by bubblewrap: namespaces of its own for processes, network, IPC, host name and, where
 * we are not root, users; a read-only system without anyone's files; a directory in memory.
 *
 * <p>Where we are root the program is given a user number that nobody has. A user namespace would
 * still be root to the kernel: limits on processes would not bind, and root's files could be read.
 *
 * @param program where bubblewrap is
 * @param visible directories beyond the system's that the program may read
 * @param root whether we are root
 * @param proc whether the program has a {@code /proc}, with its own processes alone
 */
record Bubblewrap(Path program, List<Path> visible, boolean root, boolean proc)
    implements Isolation {

  /** Of the range that systemd's documentation calls unused, 60578 to 61183. */
  private static final int FIRST_USER = 60578;

  private static final long SHARED_MEMORY = 16L << 20; // semaphores of Python's multiprocessing

  private static final List<String> SYSTEM =
      List.of("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store");

  @Override
  public Launch launch(Program run, Limits limits, int slot, Descriptors descriptors) {
    int report = descriptors.addOutput();
    List<String> words = new ArrayList<>();
    add(words, program.toString());
    add(words, "--json-status-fd", descriptors.childs().size() - 1);
    byte[] filter = SystemCallFilter.program(System.getProperty("os.arch"));
    add(words, "--seccomp", descriptors.addFile(filter));
    add(words, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts");
    add(words, "--unshare-cgroup-try", "--hostname", "sandbox");
    if (!root) {
      add(words, "--unshare-user", "--uid", FIRST_USER, "--gid", FIRST_USER);
    }
    add(words, "--die-with-parent", "--new-session", "--as-pid-1");
    addFileSystem(words, limits);
    run.files()
        .forEach(
            (name, bytes) ->
                add(words, "--perms", "0644", "--file", descriptors.addFile(bytes), WORK + name));
    add(words, "--remount-ro", "/", "--chdir", WORK, "--");
    if (root) {
      int user = FIRST_USER + slot;
      add(words, "setpriv", "--reuid", user, "--regid", user, "--clear-groups");
      add(words, "--bounding-set", "-all", "--inh-caps", "-all", "--no-new-privs");
    }
    words.addAll(SHELL);
    words.addAll(Isolation.limited(limits));
    words.addAll(run.command());
    return new Launch(words, OptionalInt.of(report), () -> {});
  }

  private static final String WORK = "/tmp/work/";

  private void addFileSystem(List<String> words, Limits limits) {
    for (String directory : SYSTEM) {
      Path path = Path.of(directory);
      if (Files.isSymbolicLink(path)) {
        add(words, "--symlink", "usr/" + directory.substring(1), directory);
      } else if (Files.isDirectory(path)) {
        add(words, "--ro-bind", directory, directory);
      }
    }
    Set<Path> parents = new TreeSet<>(Set.of(Path.of("/etc")));
    for (Path directory : visible) {
      for (Path parent = directory.getParent();
          parent != null && parent.getNameCount() > 0;
          parent = parent.getParent()) {
        parents.add(parent);
      }
    }
    // Bubblewrap itself would make them for root's eyes only.
    parents.forEach(parent -> add(words, "--perms", "0755", "--dir", parent));
    for (String file : List.of("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")) {
      add(words, "--ro-bind-try", file, file);
    }
    for (Path directory : visible) {
      add(words, "--ro-bind", directory, directory);
    }
    if (proc) {
      add(words, "--proc", "/proc");
    }
    add(words, "--dev", "/dev");
    add(words, "--perms", "1777", "--size", SHARED_MEMORY, "--tmpfs", "/dev/shm");
    add(words, "--remount-ro", "/dev");
    add(words, "--perms", "1777", "--size", limits.disk(), "--tmpfs", "/tmp");
    add(words, "--dir", WORK, "--chmod", "0777", WORK); // not --perms, which our umask would cut
  }

  private static void add(List<String> words, Object... more) {
    for (Object word : more) {
      words.add(word.toString());
    }
  }

  /** It tells the exit code of a program only if everything up to the program's start went well. */
  @Override
  public boolean started(String report) {
    return report.contains("\"exit-code\"");
  }
}
