package io.whetstone.rewards.deeplearning4j;

import io.whetstone.rewards.models.HeadProvider;
import io.whetstone.rewards.models.LabelledText;
import io.whetstone.rewards.models.TextHead;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.nd4j.linalg.factory.Nd4j;

/** {@code deeplearning4j}: heads over text features and hidden states. */
public final class Deeplearning4jProvider implements HeadProvider {
  @Override
  public String name() {
    return "deeplearning4j";
  }

  @Override
  public Trained train(Training training, List<LabelledText> examples, List<LabelledText> stopBy) {
    computeWithOneThread();
    int epochUpdates = Math.ceilDiv(Math.max(1, examples.size()), training.batch());
    HeadSettings settings =
        new HeadSettings(
            training.head().hidden(),
            training.learningRate(),
            training.head().decay(),
            training.batch(),
            Math.ceilDiv(training.updates(), epochUpdates),
            training.head().patience(),
            training.seed());
    HeadFeatures features =
        new HeadFeatures(
            new TextFeatures(training.head().buckets(), training.head().gram()),
            training.head().features());
    HeadTrainer.Trained trained =
        new HeadTrainer(settings)
            .train(
                Deeplearning4jHead.examples(features, examples),
                Deeplearning4jHead.examples(features, stopBy));
    return new Trained(
        new Deeplearning4jHead(features, trained.head()),
        trained.epochs(),
        trained.bestEpoch(),
        trained.loss());
  }

  @Override
  public TextHead load(Path directory) throws IOException {
    computeWithOneThread();
    return Deeplearning4jHead.load(directory);
  }

  /** On arrays this small threads only wait for each other, and for those of the run's engine. */
  private static void computeWithOneThread() {
    Nd4j.getEnvironment().setMaxThreads(1);
    Nd4j.factory().blas().setMaxThreads(1);
  }
}
