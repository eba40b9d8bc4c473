package io.whetstone.rewards.models;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A trained head: a completion in, the chance out that it is right. Thread-safe. */
public interface TextHead {
  /** Chances in [0, 1], in the inputs' order. */
  double[] scores(List<HeadInput> inputs);

  /**
   * How well it tells right from wrong: {@code count}, {@code right} (share), {@code auc} (NaN
   * where all are right or all wrong), {@code accuracy}, {@code precision}, {@code recall}, {@code
   * ece}.
   *
   * @param examples that it was not fitted to, at least one
   */
  Map<String, Double> test(List<LabelledText> examples);

  /** Leaves it in a directory, for its provider's {@link HeadProvider#load}. */
  void save(Path directory) throws IOException;
}
