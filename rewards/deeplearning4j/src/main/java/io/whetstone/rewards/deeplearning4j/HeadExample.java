package io.whetstone.rewards.deeplearning4j;

/**
 * What a head learns from or is tested on.
 *
 * @param features what it sees: {@link TextFeatures}, or a model's hidden state
 * @param label 0 to 1: whether the completion is right, or how likely
 */
public record HeadExample(float[] features, double label) {
  public HeadExample {
    if (!(label >= 0 && label <= 1)) {
      throw new IllegalArgumentException("label: " + label + " is not in [0, 1]");
    }
    for (float feature : features) {
      if (!Float.isFinite(feature)) {
        throw new IllegalArgumentException("features: " + feature + " is not finite");
      }
    }
  }
}
