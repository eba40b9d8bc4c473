package io.whetstone.rewards.models;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A reward model that scores, and remembers what it scored: the same model, prompt and completion
 * are computed once.
 */
public final class LoadedModel implements AutoCloseable {
  private static final int REMEMBERED = 1 << 16;

  /** One sequence of this very model, whose hash therefore need not be in it. */
  private record Key(int[] prompt, int[] completion, int[] ends) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Key that
          && Arrays.equals(prompt, that.prompt)
          && Arrays.equals(completion, that.completion)
          && Arrays.equals(ends, that.ends);
    }

    @Override
    public int hashCode() {
      return 31 * (31 * Arrays.hashCode(prompt) + Arrays.hashCode(completion))
          + Arrays.hashCode(ends);
    }
  }

  private final ScoreModel model;
  private final String hash;
  private final int rowBudget;
  private final Map<Key, double[]> scores =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, double[]> eldest) {
          return size() > REMEMBERED;
        }
      };
  private final CostMeter cost = new CostMeter();

  private LoadedModel(ScoreModel model, String hash, int rowBudget) {
    this.model = model;
    this.hash = hash;
    this.rowBudget = rowBudget;
  }

  /**
   * Loads a directory.
   *
   * @param rowBudget tokens in one forward pass
   */
  public static LoadedModel open(Path directory, Backend backend, DType compute, int rowBudget) {
    return new LoadedModel(
        ScoreModel.load(directory, backend, compute), hash(directory), rowBudget);
  }

  private static String hash(Path directory) {
    try (var files = Files.list(directory)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Path file : files.filter(f -> f.toString().endsWith(".safetensors")).sorted().toList()) {
        try (InputStream in = Files.newInputStream(file)) {
          in.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw new UncheckedIOException(directory + ": " + e.getMessage(), e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  public ScoreModel model() {
    return model;
  }

  /** SHA-256 of its weights' files. */
  public String hash() {
    return hash;
  }

  /** The scores, of which only those that are not remembered are computed, in batches. */
  public synchronized double[][] scores(List<Scorable> scorables) {
    double[][] found = new double[scorables.size()][];
    Map<Key, List<Integer>> missing = new LinkedHashMap<>();
    for (int s = 0; s < found.length; s++) {
      Scorable scorable = scorables.get(s);
      Key key = new Key(scorable.prompt(), scorable.completion(), scorable.ends());
      found[s] = scores.get(key);
      if (found[s] == null) {
        missing.computeIfAbsent(key, k -> new ArrayList<>()).add(s);
      }
    }
    List<Scorable> asked =
        missing.values().stream().map(places -> scorables.get(places.getFirst())).toList();
    long begin = System.nanoTime();
    double[][] computed = model.scores(asked, rowBudget);
    double seconds = asked.isEmpty() ? 0 : (System.nanoTime() - begin) * 1e-9;
    int next = 0;
    for (Map.Entry<Key, List<Integer>> entry : missing.entrySet()) {
      scores.put(entry.getKey(), computed[next]);
      for (int place : entry.getValue()) {
        found[place] = computed[next];
      }
      next++;
    }
    cost.add(
        new ScoringCost(
            seconds,
            asked.size(),
            scorables.size() - asked.size(),
            ScorableBatch.tokens(asked, rowBudget)));
    return found;
  }

  /** What it costs. */
  public CostMeter cost() {
    return cost;
  }

  @Override
  public synchronized void close() {
    model.close();
  }
}
