package io.whetstone.datasets;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Tasks from a JSONL file.
 *
 * <p>The whole file is read and checked once when it is opened; after that a task is read from the
 * file each time it is asked for. Memory: about 200 bytes a line, whatever the lines hold, and one
 * line at a time.
 *
 * <p>Prompts that are the same up to white space count as one: only the first such line becomes a
 * task, so that no held-out prompt occurs in training. Which prompts are held out depends on the
 * seed and the prompts' text, not on their order in the file.
 */
public final class JsonlDataset implements Dataset {

  private final String name;
  private final Path path;
  private final FileChannel channel;
  private final JsonlIndex index;
  private final JsonlTasks reader;
  private final int[] training;
  private final int[] heldOut;
  private final Optional<int[]> demonstrations;
  private final DatasetSummary summary;

  private JsonlDataset(
      Path path,
      FileChannel channel,
      JsonlSettings settings,
      JsonlTasks reader,
      JsonlAudit audit,
      long seed) {
    this.name = path.getFileName().toString();
    this.path = path;
    this.channel = channel;
    this.reader = reader;
    this.index = audit.index();
    Integer[] ranked = ranked(index.tasks(), i -> index.task(i).hash(), seed);
    int held = settings.heldOut().count(ranked.length);
    this.heldOut = order(Arrays.copyOf(ranked, held), settings.shuffle());
    this.training = order(Arrays.copyOfRange(ranked, held, ranked.length), settings.shuffle());
    this.demonstrations =
        settings.completion().map(field -> demonstrations(settings.shuffle(), seed));
    this.summary = audit.summary(name, training.length, heldOut.length);
  }

  /**
   * Opens and checks a file.
   *
   * @param directory what a relative path starts from
   * @param seed decides what is held out and in which order tasks come
   * @throws DatasetException if the file cannot be read, holds no task, or holds a bad line and the
   *     settings say to stop
   */
  public static JsonlDataset open(JsonlSettings settings, Path directory, long seed) {
    Path path = directory.resolve(settings.path());
    if (!Files.isRegularFile(path)) {
      throw new DatasetException(
          path + (Files.exists(path) ? ": is not a file" : ": there is no such file"));
    }
    JsonlTasks reader = new JsonlTasks(path.getFileName().toString(), settings);
    try {
      JsonlAudit audit = JsonlAudit.of(path, settings, reader);
      FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
      return new JsonlDataset(path, channel, settings, reader, audit, seed);
    } catch (IOException e) {
      throw new DatasetException(path + ": cannot be read (" + e + ")", e);
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

  private Demonstration read(JsonlIndex.Entry entry) {
    ByteBuffer bytes = ByteBuffer.allocate(entry.length());
    try {
      while (bytes.hasRemaining()) {
        if (channel.read(bytes, entry.offset() + bytes.position()) < 0) {
          throw changed(entry);
        }
      }
    } catch (IOException e) {
      throw new DatasetException(path + ":" + entry.line() + ": cannot be read (" + e + ")", e);
    }
    try {
      Demonstration read =
          reader.read(
              JsonLines.parse(new JsonLines.Line(entry.line(), entry.offset(), bytes.array())),
              entry.line());
      if (Hash.of(JsonlTasks.normalize(read.task().prompt()), 0) == entry.hash()) {
        return read;
      }
    } catch (DatasetException e) {
      // Every line was sound when the file was opened: fall through to say so.
    }
    throw changed(entry);
  }

  private DatasetException changed(JsonlIndex.Entry entry) {
    return new DatasetException(
        path + ":" + entry.line() + ": has changed since the run began; expected the same file");
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
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
      return read(index.task(numbers[Math.toIntExact(checked(at, numbers.length))])).task();
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
