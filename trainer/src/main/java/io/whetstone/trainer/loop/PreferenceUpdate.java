package io.whetstone.trainer.loop;

import io.whetstone.model.Scored;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Workspace;
import io.whetstone.trainer.algorithm.PreferenceLoss;
import io.whetstone.trainer.config.Dpo;
import io.whetstone.trainer.rollout.MicroBatch;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Accumulates the gradient of the mean preference loss over pairs.
 *
 * <p>A pair's slope needs both completions' log-likelihoods, which may lie in different
 * micro-batches: so they are computed first without gradients, a forward pass more, and how pairs
 * are cut into micro-batches does not matter.
 */
final class PreferenceUpdate implements AutoCloseable {
  private final Transformer policy;
  private final Packer packer;
  private final PreferenceLoss loss;
  private final double nllWeight;
  private final Workspace workspace;

  PreferenceUpdate(Dpo settings, Transformer policy) {
    this.policy = policy;
    this.packer = new Packer(settings.optimization().microBatchTokens());
    this.loss = new PreferenceLoss(settings.loss(), settings.beta(), settings.labelSmoothing());
    this.nllWeight = settings.nllWeight();
    this.workspace = policy.backend().workspace("activations");
  }

  /** The pairs with their log-likelihoods under the policy as it is now. */
  List<Lesson> withReferences(List<Lesson> pairs) {
    double[] likelihoods = likelihoods(samples(pairs));
    List<Lesson> referenced = new ArrayList<>();
    for (int i = 0; i < pairs.size(); i++) {
      referenced.add(pairs.get(i).with(likelihoods[2 * i], likelihoods[2 * i + 1]));
    }
    return referenced;
  }

  /** Pair i's better completion at 2 i, the worse one after it. */
  private static List<TrainingSample> samples(List<Lesson> pairs) {
    List<TrainingSample> samples = new ArrayList<>();
    for (int i = 0; i < pairs.size(); i++) {
      samples.add(pairs.get(i).sample(0, i));
      samples.add(pairs.get(i).sample(1, i));
    }
    return samples;
  }

  /** Σ_t log π(token t) over the ids that were drawn, in nats, at temperature 1. */
  private double[] likelihoods(List<TrainingSample> samples) {
    float[][] logprobs = ModelScores.of(policy, samples, packer, 1, workspace).logprobs();
    double[] sums = new double[logprobs.length];
    for (int s = 0; s < sums.length; s++) {
      Finite.requireSample("logprob", logprobs[s], s / 2);
      for (float logprob : logprobs[s]) {
        sums[s] += logprob;
      }
    }
    return sums;
  }

  /**
   * Adds the gradient to the parameters' gradients.
   *
   * @param metrics takes in what was measured, by the keys of docs/metrics.md
   */
  void accumulate(List<Lesson> pairs, Map<String, Double> metrics) {
    List<TrainingSample> samples = samples(pairs);
    double[] likelihoods = likelihoods(samples);
    float[] slopes = new float[samples.size()];
    Measures measures = new Measures();
    for (int i = 0; i < pairs.size(); i++) {
      double[] ratios = new double[2];
      double[] lengths = new double[2];
      for (int side = 0; side < 2; side++) {
        int s = 2 * i + side;
        // All of it may have been put in: then its likelihood is 0 whatever it is divided by.
        lengths[side] = Math.max(1, samples.get(s).trainedTokens());
        ratios[side] =
            (likelihoods[s] - pairs.get(i).references()[side])
                / (loss.averages() ? lengths[side] : 1);
      }
      PreferenceLoss.Term term = loss.at(ratios[0] - ratios[1]);
      double slope = term.slope() / pairs.size();
      double likelihood = likelihoods[2 * i] / lengths[0];
      double nll = nllWeight / pairs.size() / lengths[0];
      slopes[2 * i] = (float) (slope / (loss.averages() ? lengths[0] : 1) - nll);
      slopes[2 * i + 1] = (float) (-slope / (loss.averages() ? lengths[1] : 1));
      measures.add(term.loss() - nllWeight * likelihood, ratios, loss.beta(), likelihood);
    }
    backward(samples, slopes);
    measures.into(metrics);
  }

  private void backward(List<TrainingSample> samples, float[] slopes) {
    for (MicroBatch batch : packer.pack(samples)) {
      workspace.reset();
      Scored scored = policy.score(batch.tokens(), batch.rows(), batch.targets(), 1, workspace);
      float[] dLogprobs = new float[batch.size()];
      for (int i = 0; i < dLogprobs.length; i++) {
        dLogprobs[i] = slopes[batch.sample()[i]];
      }
      policy.backward(scored, dLogprobs, new float[batch.size()], workspace);
    }
  }

  /** The pair behind a value that is not finite; the gradients are zero afterwards. */
  NonFiniteException blame(NonFiniteException found, List<Lesson> pairs) {
    return Finite.blame(
        found,
        policy,
        pairs.size(),
        i -> accumulate(pairs.subList(i, i + 1), new LinkedHashMap<>()));
  }

  /** Means over pairs. */
  private static final class Measures {
    private final Mean loss = new Mean();
    private final Mean accuracy = new Mean();
    private final Mean chosen = new Mean();
    private final Mean rejected = new Mean();
    private final Mean likelihood = new Mean();

    void add(double pairLoss, double[] ratios, double beta, double chosenLikelihood) {
      loss.add(pairLoss);
      accuracy.add(ratios[0] > ratios[1] ? 1 : 0);
      chosen.add(beta * ratios[0]);
      rejected.add(beta * ratios[1]);
      likelihood.add(chosenLikelihood);
    }

    void into(Map<String, Double> metrics) {
      metrics.put("dpo/loss", loss.mean());
      metrics.put("dpo/accuracy", accuracy.mean());
      metrics.put("dpo/chosen-reward", chosen.mean());
      metrics.put("dpo/rejected-reward", rejected.mean());
      metrics.put("dpo/margin", chosen.mean() - rejected.mean());
      metrics.put("dpo/chosen-logprob", likelihood.mean());
    }
  }

  @Override
  public void close() {
    workspace.close();
  }
}
