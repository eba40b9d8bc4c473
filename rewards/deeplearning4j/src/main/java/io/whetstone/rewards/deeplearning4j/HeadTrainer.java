package io.whetstone.rewards.deeplearning4j;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.EarlyStoppingResult;
import org.deeplearning4j.earlystopping.saver.InMemoryModelSaver;
import org.deeplearning4j.earlystopping.scorecalc.DataSetLossCalculator;
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition;
import org.deeplearning4j.earlystopping.termination.ScoreImprovementEpochTerminationCondition;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingTrainer;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Builds a head, trains it by cross-entropy, and stops where the loss on examples it does not learn
 * from no longer falls; what is kept is the best epoch's. Everything random follows from the seed.
 */
public final class HeadTrainer {
  private final HeadSettings settings;

  public HeadTrainer(HeadSettings settings) {
    this.settings = settings;
  }

  /**
   * A head and how it came about.
   *
   * @param epochs that were run
   * @param bestEpoch the one kept, from 0
   * @param loss cross-entropy of it on what was held out, in nats an example
   */
  public record Trained(RewardHead head, int epochs, int bestEpoch, double loss) {}

  /**
   * Trains on {@code examples}.
   *
   * @param heldOut what training stops by; neither list may be empty
   */
  public Trained train(List<HeadExample> examples, List<HeadExample> heldOut) {
    if (examples.isEmpty() || heldOut.isEmpty()) {
      throw new IllegalArgumentException(
          "%d examples to learn from and %d to stop by; expected some of both"
              .formatted(examples.size(), heldOut.size()));
    }
    Scaling scaling = Scaling.of(examples);
    EarlyStoppingConfiguration<MultiLayerNetwork> stopping =
        new EarlyStoppingConfiguration.Builder<MultiLayerNetwork>()
            .epochTerminationConditions(
                new MaxEpochsTerminationCondition(settings.epochs()),
                new ScoreImprovementEpochTerminationCondition(settings.patience()))
            .scoreCalculator(new DataSetLossCalculator(batches(heldOut, scaling), true))
            .evaluateEveryNEpochs(1)
            .modelSaver(new InMemoryModelSaver<>())
            .build();
    EarlyStoppingResult<MultiLayerNetwork> result =
        new EarlyStoppingTrainer(stopping, network(scaling.size()), batches(examples, scaling))
            .fit();
    return new Trained(
        new RewardHead(result.getBestModel(), scaling),
        result.getTotalEpochs(),
        result.getBestModelEpoch(),
        // Its getBestModelScore is always 0 in 1.0.0-M2.1.
        result.getScoreVsEpoch().get(result.getBestModelEpoch()));
  }

  private MultiLayerConfiguration network(int features) {
    NeuralNetConfiguration.ListBuilder layers =
        new NeuralNetConfiguration.Builder()
            .seed(settings.seed())
            .weightInit(WeightInit.XAVIER)
            .updater(new Adam(settings.learningRate()))
            .l2(settings.decay())
            .list();
    int in = features;
    for (int width : settings.hidden()) {
      layers.layer(
          new DenseLayer.Builder().nIn(in).nOut(width).activation(Activation.TANH).build());
      in = width;
    }
    layers.layer(
        new OutputLayer.Builder(LossFunction.XENT)
            .nIn(in)
            .nOut(1)
            .activation(Activation.SIGMOID)
            .build());
    return layers.build();
  }

  /** In an order that the seed decides, the same in every epoch. */
  private ListDataSetIterator<DataSet> batches(List<HeadExample> examples, Scaling scaling) {
    List<HeadExample> order = new ArrayList<>(examples);
    Collections.shuffle(order, new Random(settings.seed()));
    List<DataSet> sets = new ArrayList<>();
    for (HeadExample example : order) {
      sets.add(
          new DataSet(
              Nd4j.createFromArray(new float[][] {scaling.apply(example.features())}),
              Nd4j.createFromArray(new float[][] {{(float) example.label()}})));
    }
    return new ListDataSetIterator<>(sets, settings.batch());
  }
}
