package io.whetstone.rewards.deeplearning4j;

import io.whetstone.rewards.models.HeadInput;
import io.whetstone.rewards.models.LabelledText;
import io.whetstone.rewards.models.TextHead;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A head with the features that it looks at; in a directory {@code head.zip} and these. */
record Deeplearning4jHead(HeadFeatures features, RewardHead head) implements TextHead {
  private static final String HEAD = "head.zip";
  private static final String FEATURES = "features.txt";

  /** Not two at a time: a network keeps its activations. */
  @Override
  public double[] scores(List<HeadInput> inputs) {
    List<float[]> asked = inputs.stream().map(features::of).toList();
    synchronized (head) {
      return head.score(asked);
    }
  }

  @Override
  public Map<String, Double> test(List<LabelledText> examples) {
    HeadReport report;
    synchronized (head) {
      report = HeadReport.of(head, examples(features, examples));
    }
    Map<String, Double> said = new LinkedHashMap<>();
    said.put("count", (double) report.examples());
    said.put(
        "right", (double) examples.stream().filter(LabelledText::right).count() / examples.size());
    said.put("auc", report.auc());
    said.put("accuracy", report.accuracy());
    said.put("precision", report.precision());
    said.put("recall", report.recall());
    said.put("ece", report.calibrationError());
    return said;
  }

  static List<HeadExample> examples(HeadFeatures features, List<LabelledText> texts) {
    return texts.stream()
        .map(text -> new HeadExample(features.of(text.input()), text.right() ? 1 : 0))
        .toList();
  }

  @Override
  public void save(Path directory) throws IOException {
    head.save(directory.resolve(HEAD));
    Files.writeString(directory.resolve(FEATURES), features.written() + "\n");
  }

  static Deeplearning4jHead load(Path directory) throws IOException {
    Path file = directory.resolve(FEATURES);
    try {
      HeadFeatures features = HeadFeatures.read(Files.readString(file));
      return new Deeplearning4jHead(features, RewardHead.load(directory.resolve(HEAD)));
    } catch (IllegalArgumentException e) {
      throw new IOException(
          file + ": expected two numbers, buckets and gram, then text, hidden or both", e);
    }
  }
}
