package io.whetstone.rewards.models;

import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A model that does not change, asked for its last hidden state, normed, at the last token of
 * completions. A head that looks at these needs the very model that it was trained with, so the
 * model is kept beside the head.
 *
 * <p>A completion's state depends on it and its prompt alone, to the bit, where the backend is
 * EXACT. Belongs to one thread at a time, as its backend does.
 */
public final class HiddenStates implements AutoCloseable {
  /** Where a head's directory has the model. */
  public static final String DIRECTORY = "policy";

  private final Transformer transformer;
  private final Tokenizer tokenizer;
  private final boolean ownsTokenizer;
  private final int rowBudget;
  private final Workspace workspace;
  private final CostMeter cost = new CostMeter();

  private HiddenStates(
      Transformer transformer, Tokenizer tokenizer, boolean ownsTokenizer, int rowBudget) {
    this.transformer = transformer;
    this.tokenizer = tokenizer;
    this.ownsTokenizer = ownsTokenizer;
    this.rowBudget = rowBudget;
    this.workspace = transformer.backend().workspace("hidden states");
  }

  /**
   * A policy as it is now, adapters apart.
   *
   * @param tokenizer stays the caller's
   * @param rowBudget tokens in one forward pass
   */
  public static HiddenStates copy(Transformer policy, Tokenizer tokenizer, int rowBudget) {
    Backend backend = policy.backend();
    Transformer copy = Transformer.create(backend, policy.config(), policy.compute(), false);
    Map<String, Tensor> from = policy.weights();
    copy.weights().forEach((name, to) -> backend.copy(from.get(name), to));
    copy.weightsChanged();
    return new HiddenStates(copy, tokenizer, false, rowBudget);
  }

  /** What {@link #save} wrote. */
  public static HiddenStates load(Path directory, Backend backend, DType compute, int rowBudget) {
    Transformer transformer = HuggingFaceModel.load(directory, backend, compute, false);
    return new HiddenStates(transformer, Tokenizer.load(directory), true, rowBudget);
  }

  /** Writes the model as a Hugging Face directory. */
  public void save(Path directory) throws IOException {
    HuggingFaceModel.save(
        directory,
        transformer.config(),
        transformer.weights(),
        DType.F32,
        transformer.backend(),
        tokenizer);
  }

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  public int maxPositions() {
    return transformer.config().maxPositions();
  }

  /**
   * The hidden states of scorables, each of which asks at one token: {@code hidden} numbers each.
   */
  public synchronized float[][] of(List<Scorable> scorables) {
    long begin = System.nanoTime();
    int hidden = transformer.config().hidden();
    float[][] states = new float[scorables.size()][];
    for (ScorableBatch batch : ScorableBatch.pack(scorables, rowBudget)) {
      workspace.reset();
      float[] rows =
          transformer
              .backend()
              .readFloats(transformer.evaluateHidden(batch.tokens(), batch.rows(), workspace));
      for (int i = 0; i < batch.rows().length; i++) {
        states[batch.owner()[i]] = Arrays.copyOfRange(rows, i * hidden, (i + 1) * hidden);
      }
    }
    cost.add(
        new ScoringCost(
            (System.nanoTime() - begin) * 1e-9,
            scorables.size(),
            0,
            ScorableBatch.tokens(scorables, rowBudget)));
    return states;
  }

  /** What it costs. */
  public CostMeter cost() {
    return cost;
  }

  @Override
  public synchronized void close() {
    workspace.close();
    transformer.close();
    if (ownsTokenizer) {
      tokenizer.close();
    }
  }
}
