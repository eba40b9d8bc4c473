package io.whetstone.rewards.models;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * Trains and loads heads. A library's heads are in a module of their own, which is not part of
 * every run: found by {@link ServiceLoader}.
 */
public interface HeadProvider {
  /** Names the provider in a directory that one of its heads was left in. */
  String MARK = "reward-head.txt";

  /**
   * How a training goes.
   *
   * @param learningRate Adam's
   * @param batch examples an update
   * @param updates at most; whole epochs, at least one
   * @param seed of everything random
   */
  record Training(TextHeadSettings head, double learningRate, int batch, int updates, long seed) {}

  /**
   * A head and how it came about.
   *
   * @param epochs that were run
   * @param bestEpoch the one kept, from 0
   * @param loss cross-entropy of it on what training was stopped by, nats an example
   */
  record Trained(TextHead head, int epochs, int bestEpoch, double loss) {}

  /** What configurations call it, and its module under {@code rewards/}. */
  String name();

  /**
   * Trains a head; the same arguments give the same head.
   *
   * @param stopBy examples that training is stopped by; neither list may be empty
   */
  Trained train(Training training, List<LabelledText> examples, List<LabelledText> stopBy);

  /**
   * Reads what {@link TextHead#save} wrote.
   *
   * @throws IOException where it cannot be read, naming the file
   */
  TextHead load(Path directory) throws IOException;

  /**
   * The provider of that name.
   *
   * @throws IllegalArgumentException where its module is not there; the message says how to get it
   */
  static HeadProvider named(String name) {
    return ServiceLoader.load(HeadProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(provider -> provider.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    ("%1$s: its module is not on the class path. scripts/whetstone adds it where"
                            + " a configuration that it is given says kind: %1$s, or with"
                            + " WHETSTONE_MODULES=rewards/%1$s in the environment;"
                            + " elsewhere: mvn -pl rewards/%1$s -am -DskipTests package, then put"
                            + " rewards/%1$s/target/whetstone-reward-%1$s-*.jar and"
                            + " rewards/%1$s/target/lib/* on the class path")
                        .formatted(name)));
  }

  /** The name of the provider of the head in a directory; empty where there is none. */
  static Optional<String> of(Path directory) {
    Path mark = directory.resolve(MARK);
    try {
      return Files.exists(mark) ? Optional.of(Files.readString(mark).strip()) : Optional.empty();
    } catch (IOException e) {
      throw new IllegalArgumentException(mark + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** Leaves a head in a directory, in which {@link #of} finds this provider. */
  default void leave(TextHead head, Path directory) throws IOException {
    head.save(directory);
    Files.writeString(directory.resolve(MARK), name() + "\n");
  }
}
