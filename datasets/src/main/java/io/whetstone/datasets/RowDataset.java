package io.whetstone.datasets;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Tasks from files of rows.
 *
 * <p>The files are read and checked once when they are opened; after that a task is read from its
 * file each time it is asked for. Memory: about 100 bytes a row, whatever the rows hold, and one
 * row at a time; another 24 while they are ordered.
 *
 * <p>Prompts that are the same up to white space count as one: only the first such row becomes a
 * task, so that no held-out prompt occurs in training. Which prompts are held out depends on the
 * seed and the prompts' text, not on their order in the files.
 */
public final class RowDataset implements Dataset {

  private final String name;
  private final List<RowFile> files;
  private final RowIndex index;
  private final RowTasks reader;
  private final int[] training;
  private final int[] heldOut;
  private final Optional<int[]> demonstrations;
  private final DatasetSummary summary;

  private RowDataset(
      String name,
      List<RowFile> files,
      Reading reading,
      RowTasks reader,
      RowAudit audit,
      long seed) {
    this.name = name;
    this.files = files;
    this.reader = reader;
    this.index = audit.index();
    Integer[] ranked = ranked(index.tasks(), i -> index.task(i).hash(), seed);
    int held = reading.heldOut().count(ranked.length);
    this.heldOut = order(Arrays.copyOf(ranked, held), reading.shuffle());
    this.training = order(Arrays.copyOfRange(ranked, held, ranked.length), reading.shuffle());
    this.demonstrations =
        index.demonstrations() > 0
            ? Optional.of(demonstrations(reading.shuffle(), seed))
            : Optional.empty();
    this.summary = audit.summary(name, training.length, heldOut.length);
  }

  /**
   * Opens and checks a JSONL file.
   *
   * @param directory what a relative path starts from
   * @param seed decides what is held out and in which order tasks come
   * @throws DatasetException if the file cannot be read, holds no task, or holds a bad line and the
   *     settings say to stop
   */
  public static RowDataset open(JsonlSettings settings, Path directory, long seed) {
    Path path = directory.resolve(settings.path());
    String name = path.getFileName().toString();
    if (!Files.isRegularFile(path)) {
      throw new DatasetException(
          path + (Files.exists(path) ? ": is not a file" : ": there is no such file"));
    }
    FileChannel channel;
    try {
      channel = FileChannel.open(path, StandardOpenOption.READ);
    } catch (IOException e) {
      throw new DatasetException(path + ": cannot be read (" + e + ")", e);
    }
    return open(
        name,
        List.of(new RowFile(name, path.toString(), channel)),
        settings.columns(),
        settings.reading(),
        seed);
  }

  /** As above, of files that are open; they are closed where this fails. */
  public static RowDataset open(
      String name, List<RowFile> files, Columns columns, Reading reading, long seed) {
    RowTasks reader = new RowTasks(columns);
    try {
      RowAudit audit = RowAudit.of(files, columns, reading, reader);
      return new RowDataset(name, files, reading, reader, audit, seed);
    } catch (IOException e) {
      close(files);
      throw new DatasetException(name + ": cannot be read (" + e + ")", e);
    } catch (RuntimeException e) {
      close(files);
      throw e;
    }
  }

  private interface HashOf {
    long of(int index);
  }

  /** All numbers below size, ordered by a hash with the seed; equal hashes stay together. */
  private static Integer[] ranked(int size, HashOf hash, long seed) {
    Integer[] ranked = IntStream.range(0, size).boxed().toArray(Integer[]::new);
    long key = Hash.mix(seed);
    Arrays.sort(
        ranked,
        Comparator.comparingLong((Integer i) -> Hash.mix(hash.of(i) ^ key)).thenComparing(i -> i));
    return ranked;
  }

  private static int[] order(Integer[] ranked, boolean shuffle) {
    IntStream numbers = Arrays.stream(ranked).mapToInt(Integer::intValue);
    return (shuffle ? numbers : numbers.sorted()).toArray();
  }

  private int[] demonstrations(boolean shuffle, long seed) {
    boolean[] trained = new boolean[index.tasks()];
    for (int task : training) {
      trained[task] = true;
    }
    // By line, so that the completions of one prompt do not follow each other.
    Integer[] ranked =
        ranked(index.demonstrations(), i -> Hash.mix(index.demonstration(i).line()), seed);
    return order(
        Arrays.stream(ranked).filter(i -> trained[index.taskOf(i)]).toArray(Integer[]::new),
        shuffle);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public TaskSource training() {
    return new Tasks(training);
  }

  @Override
  public TaskSource heldOut() {
    return new Tasks(heldOut);
  }

  @Override
  public Optional<DemonstrationSource> demonstrations() {
    return demonstrations.map(Demonstrations::new);
  }

  @Override
  public DatasetSummary summary() {
    return summary;
  }

  private Demonstration read(RowIndex.Entry entry) {
    RowFile file = files.get(entry.file());
    byte[] bytes;
    try {
      bytes = file.read(entry.offset(), entry.length());
    } catch (IOException e) {
      throw new DatasetException(file.at(entry.line()) + ": cannot be read (" + e + ")", e);
    }
    try {
      Demonstration read =
          reader.read(
              JsonLines.parse(new JsonLines.Line(entry.line(), entry.offset(), bytes)),
              file.name() + ":" + entry.line());
      if (Hash.of(RowTasks.normalize(read.task().prompt()), 0) == entry.hash()) {
        return read;
      }
    } catch (DatasetException e) {
      // Every line was sound when the file was opened: fall through to say so.
    }
    throw new DatasetException(
        file.at(entry.line()) + ": has changed since the run began; expected the same file");
  }

  @Override
  public void close() {
    close(files);
  }

  /** Closes files that make no dataset. */
  public static void close(List<RowFile> files) {
    for (RowFile file : files) {
      try {
        file.channel().close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private final class Tasks implements TaskSource {
    private final int[] numbers;

    Tasks(int[] numbers) {
      this.numbers = numbers;
    }

    @Override
    public long size() {
      return numbers.length;
    }

    @Override
    public Task task(long at) {
      return read(entry(at)).task();
    }

    @Override
    public double difficulty(long at) {
      return entry(at).difficulty();
    }

    private RowIndex.Entry entry(long at) {
      return index.task(numbers[Math.toIntExact(checked(at, numbers.length))]);
    }
  }

  private final class Demonstrations implements DemonstrationSource {
    private final int[] numbers;

    Demonstrations(int[] numbers) {
      this.numbers = numbers;
    }

    @Override
    public long size() {
      return numbers.length;
    }

    @Override
    public Demonstration demonstration(long at) {
      return read(index.demonstration(numbers[Math.toIntExact(checked(at, numbers.length))]));
    }
  }

  private long checked(long at, int size) {
    if (at < 0 || at >= size) {
      throw new IndexOutOfBoundsException(name + ": index " + at + " is not in [0, " + size + ")");
    }
    return at;
  }
}
