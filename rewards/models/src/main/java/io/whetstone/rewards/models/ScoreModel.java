package io.whetstone.rewards.models;

import io.whetstone.checkpoints.ClassifierModel;
import io.whetstone.model.Hidden;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Parameter;
import io.whetstone.model.ScalarHead;
import io.whetstone.model.Trainable;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A transformer with a scalar head: outcome and process reward models alike.
 *
 * <p>Its scores depend on each sequence alone, to the bit, where the backend is EXACT. Belongs to
 * one thread at a time, as its backend does.
 */
public final class ScoreModel implements Trainable, AutoCloseable {
  private final RewardForm form;
  private final ModelConfig written;
  private final Transformer transformer;
  private final ScalarHead head;
  private final Tokenizer tokenizer;
  private final boolean ownsTokenizer;
  private final Workspace workspace;
  private final List<Parameter> parameters;

  private ScoreModel(
      RewardForm form,
      ModelConfig config,
      Backend backend,
      DType compute,
      Tokenizer tokenizer,
      boolean ownsTokenizer,
      boolean trainable) {
    this.form = form;
    this.written = config;
    this.tokenizer = tokenizer;
    this.ownsTokenizer = ownsTokenizer;
    this.transformer = Transformer.create(backend, headless(config), compute, trainable);
    this.head = new ScalarHead(backend, config.hidden(), trainable);
    this.workspace = backend.workspace("reward model");
    List<Parameter> all = new ArrayList<>(transformer.parameters());
    all.add(head.parameter());
    this.parameters = List.copyOf(all);
  }

  /** The same without a matrix to the vocabulary, which would only take memory. */
  private static ModelConfig headless(ModelConfig c) {
    return new ModelConfig(
        c.architecture(),
        c.vocabulary(),
        c.hidden(),
        c.heads(),
        c.feedForward(),
        c.gate(),
        c.epsilon(),
        true,
        c.maxPositions(),
        c.layerForms());
  }

  /**
   * A model to be trained that begins as a policy is, with a new head: normal with the standard
   * deviation 1/√(hidden + 1) (Stiennon et al. 2020, app. B.1).
   *
   * @param policy whose weights are copied, adapters apart: of a policy with adapters it begins as
   *     the model below them; the tokenizer stays the caller's
   */
  public static ScoreModel start(
      RewardForm form, Transformer policy, Tokenizer tokenizer, long seed) {
    Backend backend = policy.backend();
    ScoreModel model =
        new ScoreModel(form, policy.config(), backend, policy.compute(), tokenizer, false, true);
    model.beginAs(policy, seed);
    return model;
  }

  /**
   * The same of a policy that is not the caller's.
   *
   * @param policy whose weights are copied; it may be closed afterwards
   * @param tokenizer becomes the model's own, to be closed with it
   * @param compute what products are made in
   */
  public static ScoreModel startApart(
      RewardForm form, Transformer policy, Tokenizer tokenizer, DType compute, long seed) {
    ScoreModel model =
        new ScoreModel(form, policy.config(), policy.backend(), compute, tokenizer, true, true);
    model.beginAs(policy, seed);
    return model;
  }

  private void beginAs(Transformer policy, long seed) {
    Map<String, Tensor> from = policy.weights();
    transformer.weights().forEach((name, to) -> backend().copy(from.get(name), to));
    head.initialise(seed, 1 / Math.sqrt(policy.config().hidden() + 1.0));
    weightsChanged();
  }

  /**
   * A directory for sequence classification with one label, to score with.
   *
   * @throws io.whetstone.checkpoints.CheckpointException naming what is missing or wrong in it
   */
  public static ScoreModel load(Path directory, Backend backend, DType compute) {
    return load(RewardForm.read(directory), directory, backend, compute, false);
  }

  /**
   * A directory for sequence classification with one label, to be trained further, its head
   * included.
   *
   * @param form what the head is trained for now, whatever it was before
   * @throws io.whetstone.checkpoints.CheckpointException naming what is missing or wrong in it
   */
  public static ScoreModel start(RewardForm form, Path directory, Backend backend, DType compute) {
    return load(form, directory, backend, compute, true);
  }

  private static ScoreModel load(
      RewardForm form, Path directory, Backend backend, DType compute, boolean trainable) {
    ModelConfig config = ClassifierModel.config(directory);
    ScoreModel model =
        new ScoreModel(form, config, backend, compute, Tokenizer.load(directory), true, trainable);
    try {
      ClassifierModel.read(directory, headless(config), model.weights(), backend);
      model.weightsChanged();
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /** Writes it so that transformers gives the same scores. */
  public void save(Path directory) throws IOException {
    ClassifierModel.save(directory, written, weights(), DType.F32, backend(), tokenizer);
    form.write(directory);
  }

  public RewardForm form() {
    return form;
  }

  public ModelConfig config() {
    return written;
  }

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** The tensors by the names of its files, as views. */
  public Map<String, Tensor> weights() {
    Map<String, Tensor> weights = new LinkedHashMap<>(transformer.weights());
    weights.put(ScalarHead.NAME, head.parameter().value());
    return weights;
  }

  /**
   * The numbers of scorables, one a wanted token: logits, or what a preference was fitted to.
   *
   * @param rowBudget tokens in one forward pass
   */
  public double[][] scores(List<Scorable> scorables, int rowBudget) {
    double[][] scores = empty(scorables);
    for (ScorableBatch batch : ScorableBatch.pack(scorables, rowBudget)) {
      workspace.reset();
      put(
          head.scores(transformer.evaluateHidden(batch.tokens(), batch.rows(), workspace)),
          batch,
          scores);
    }
    return scores;
  }

  /** What a loss makes of all scores: its slope in each. */
  @FunctionalInterface
  public interface Slopes {
    double[][] of(double[][] scores);
  }

  /**
   * Accumulates the gradient of a loss of the scores. A loss may join scorables (a preference joins
   * two), so where they take several batches, scores are computed first and once more with what the
   * backward pass needs: how they are cut changes nothing.
   */
  public void accumulate(List<Scorable> scorables, int rowBudget, Slopes loss) {
    List<ScorableBatch> batches = ScorableBatch.pack(scorables, rowBudget);
    double[][] slopes = batches.size() > 1 ? loss.of(scores(scorables, rowBudget)) : null;
    for (ScorableBatch batch : batches) {
      workspace.reset();
      Hidden hidden = transformer.hidden(batch.tokens(), batch.rows(), workspace);
      if (slopes == null) {
        double[][] scores = empty(scorables);
        put(head.scores(hidden.normed()), batch, scores);
        slopes = loss.of(scores);
      }
      double[] wanted = new double[batch.rows().length];
      for (int i = 0; i < wanted.length; i++) {
        wanted[i] = slopes[batch.owner()[i]][batch.index()[i]];
      }
      transformer.backward(hidden, head.backward(hidden.normed(), wanted, workspace), workspace);
    }
  }

  private static double[][] empty(List<Scorable> scorables) {
    return scorables.stream().map(s -> new double[s.ends().length]).toArray(double[][]::new);
  }

  private static void put(double[] found, ScorableBatch batch, double[][] scores) {
    for (int i = 0; i < found.length; i++) {
      scores[batch.owner()[i]][batch.index()[i]] = found[i];
    }
  }

  @Override
  public Backend backend() {
    return transformer.backend();
  }

  @Override
  public List<Parameter> parameters() {
    return parameters;
  }

  @Override
  public void weightsChanged() {
    transformer.weightsChanged();
  }

  @Override
  public void zeroGradients() {
    transformer.zeroGradients();
    backend().fill(head.parameter().gradient(), 0);
  }

  @Override
  public void close() {
    workspace.close();
    head.close();
    transformer.close();
    if (ownsTokenizer) {
      tokenizer.close();
    }
  }
}
