package io.whetstone.checkpoints;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The checkpoints of a run, each a directory {@code step-N} that is complete or not there.
 *
 * <p>A checkpoint is written into {@code .step-N.partial} beside it, forced to disk, and renamed.
 * Killed at any moment, the store holds the checkpoints it held before, or these and the new one.
 * One process writes; others may read at any time.
 */
public final class CheckpointStore {
  private static final Pattern COMPLETE = Pattern.compile("step-(\\d{1,18})");
  private static final Pattern PARTIAL = Pattern.compile("\\.step-\\d{1,18}\\.partial");
  private static final Pattern REPLACED = Pattern.compile("\\.(step-\\d{1,18})\\.replaced");

  /** Enough to go on when the newest turns out to be damaged. */
  private static final int USUALLY_KEPT = 2;

  private final Path directory;
  private final int kept;

  /** A store that keeps the two newest and the best. */
  public CheckpointStore(Path directory) {
    this(directory, USUALLY_KEPT);
  }

  /**
   * @param kept how many of the newest stay, at least 1; the best stays besides
   */
  public CheckpointStore(Path directory, int kept) {
    if (kept < 1) {
      throw new IllegalArgumentException("kept: " + kept + " is not 1 or more");
    }
    this.directory = directory;
    this.kept = kept;
  }

  /**
   * Makes the checkpoint of a step, in place of an earlier one of the same step, and deletes those
   * that {@link #prune} deletes.
   *
   * @param score higher is better; the checkpoint with the best one is kept
   * @throws CheckpointWriteException when it cannot be written; the earlier ones are then as they
   *     were
   */
  public Checkpoint save(long step, OptionalDouble score, CheckpointWriter contents) {
    if (step < 0 || score.isPresent() && !Double.isFinite(score.getAsDouble())) {
      throw new IllegalArgumentException("step " + step + ", score " + score);
    }
    Path target = directory.resolve("step-" + step);
    Path partial = directory.resolve(".step-" + step + ".partial");
    try {
      Files.createDirectories(directory);
      recover();
      Files.createDirectory(partial);
      contents.write(partial);
      Manifest.of(partial, step, score).write(partial);
      Directories.force(partial);
      publish(partial, target);
    } catch (IOException | UncheckedIOException e) {
      throw new CheckpointWriteException(
          target
              + ": could not be written: "
              + reason(e)
              + "; the earlier checkpoints are as they were",
          e);
    } finally {
      discard(partial);
    }
    prune();
    return new Checkpoint(target, step, score);
  }

  private void publish(Path partial, Path target) throws IOException {
    Path replaced = directory.resolve("." + target.getFileName() + ".replaced");
    if (Files.exists(target)) {
      Files.move(target, replaced, StandardCopyOption.ATOMIC_MOVE);
    }
    Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
    Directories.forceEntries(directory);
    Directories.delete(replaced);
  }

  private String reason(Exception e) {
    Throwable cause = e instanceof UncheckedIOException ? e.getCause() : e;
    String free;
    try {
      free =
          String.format(
              " (%,d MB free)", Files.getFileStore(directory).getUsableSpace() / 1_000_000);
    } catch (IOException unknown) {
      free = "";
    }
    String message = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    return message + free;
  }

  /** Takes a failed attempt away; what cannot be deleted now is deleted by the next save. */
  private static void discard(Path partial) {
    try {
      Directories.delete(partial);
    } catch (IOException e) {
      // The error that led here says more.
    }
  }

  /**
   * Deletes what a killed process left half-written, and puts a checkpoint back that it was about
   * to replace. For the process that writes, before it reads; {@link #save} does it too.
   *
   * @throws CheckpointWriteException when that fails
   */
  public void recover() {
    try {
      for (Path path : children()) {
        String name = path.getFileName().toString();
        Matcher replaced = REPLACED.matcher(name);
        if (replaced.matches() && !Files.exists(directory.resolve(replaced.group(1)))) {
          Files.move(path, directory.resolve(replaced.group(1)), StandardCopyOption.ATOMIC_MOVE);
        } else if (replaced.matches() || PARTIAL.matcher(name).matches()) {
          Directories.delete(path);
        }
      }
    } catch (IOException e) {
      throw new CheckpointWriteException(
          directory + ": what an interrupted save left cannot be deleted: " + e.getMessage(), e);
    }
  }

  /**
   * The newest checkpoint, every byte of it verified.
   *
   * @return empty when there is none
   * @throws CheckpointException when it is damaged; the message says which file and how to go on
   */
  public Optional<Checkpoint> latest() {
    List<Path> newestFirst = complete().reversed();
    if (newestFirst.isEmpty()) {
      return Optional.empty();
    }
    Path newest = newestFirst.getFirst();
    try {
      return Optional.of(verify(newest));
    } catch (CheckpointException e) {
      throw new CheckpointException(
          e.getMessage() + "; " + mend(newestFirst.subList(1, newestFirst.size()), newest), e);
    }
  }

  private static String mend(List<Path> older, Path damaged) {
    for (Path path : older) {
      try {
        verify(path);
        return "delete " + damaged + " to go on from " + path.getFileName() + ", which is intact";
      } catch (CheckpointException e) {
        // Not one to go on from.
      }
    }
    return "no other checkpoint is intact: restore the file from a copy, or start a new run";
  }

  /** The checkpoint with the highest score, the newer of equals; its files are not verified. */
  public Optional<Checkpoint> best() {
    return readable().stream()
        .filter(checkpoint -> checkpoint.score().isPresent())
        .max(
            Comparator.<Checkpoint>comparingDouble(c -> c.score().getAsDouble())
                .thenComparing(Checkpoint::step));
  }

  /**
   * Compares a checkpoint's files with its manifest.
   *
   * @throws CheckpointException naming the first file that is missing, truncated or changed
   */
  public static Checkpoint verify(Path checkpoint) {
    Manifest manifest = Manifest.read(checkpoint);
    manifest.verify(checkpoint);
    return new Checkpoint(checkpoint, manifest.step(), manifest.score());
  }

  /**
   * Deletes all but the newest checkpoints and the best; one whose manifest cannot be read is left
   * alone.
   *
   * @throws CheckpointWriteException when one cannot be deleted
   */
  public void prune() {
    List<Checkpoint> all = readable();
    Set<Checkpoint> staying =
        new HashSet<>(all.subList(Math.max(0, all.size() - kept), all.size()));
    best().ifPresent(staying::add);
    for (Checkpoint checkpoint : all) {
      if (!staying.contains(checkpoint)) {
        delete(checkpoint);
      }
    }
  }

  /** Renamed first, so that a process killed while deleting leaves no damaged checkpoint. */
  private void delete(Checkpoint checkpoint) {
    Path doomed = directory.resolve(".step-" + checkpoint.step() + ".partial");
    try {
      Files.move(checkpoint.directory(), doomed, StandardCopyOption.ATOMIC_MOVE);
      Directories.delete(doomed);
    } catch (IOException e) {
      throw new CheckpointWriteException(
          checkpoint.directory() + ": an old checkpoint, cannot be deleted: " + e.getMessage(), e);
    }
  }

  /** Those whose manifest can be read, oldest first. */
  private List<Checkpoint> readable() {
    List<Checkpoint> found = new ArrayList<>();
    for (Path path : complete()) {
      try {
        Manifest manifest = Manifest.read(path);
        found.add(new Checkpoint(path, manifest.step(), manifest.score()));
      } catch (CheckpointException e) {
        // latest() complains about it; here it only is no candidate.
      }
    }
    return found;
  }

  /** Directories named {@code step-N}, oldest first. */
  private List<Path> complete() {
    try {
      return children().stream()
          .filter(path -> COMPLETE.matcher(path.getFileName().toString()).matches())
          .filter(Files::isDirectory)
          .sorted(Comparator.comparingLong(CheckpointStore::step))
          .toList();
    } catch (IOException e) {
      throw new CheckpointException(directory + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static long step(Path path) {
    return Long.parseLong(path.getFileName().toString().substring("step-".length()));
  }

  private List<Path> children() throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> paths = Files.list(directory)) {
      return paths.toList();
    }
  }
}
