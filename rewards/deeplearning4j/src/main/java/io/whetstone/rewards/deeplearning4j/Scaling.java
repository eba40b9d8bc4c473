package io.whetstone.rewards.deeplearning4j;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;

/**
 * Brings each feature to mean 0 and deviation 1, as the training examples have it.
 *
 * <p>What did not vary there is left out (0), and nothing goes beyond ±{@value #LIMIT}: a feature
 * that training hardly saw must not decide a score by its size. Deeplearning4j's own normaliser
 * divides such a feature by nearly 0.
 */
record Scaling(float[] mean, float[] deviation) {
  private static final float LIMIT = 8;

  static Scaling of(List<HeadExample> examples) {
    int size = examples.getFirst().features().length;
    float[] mean = new float[size];
    float[] deviation = new float[size];
    for (int f = 0; f < size; f++) {
      double sum = 0;
      for (HeadExample example : examples) {
        sum += example.features()[f];
      }
      double center = sum / examples.size();
      double squares = 0;
      for (HeadExample example : examples) {
        double off = example.features()[f] - center;
        squares += off * off;
      }
      mean[f] = (float) center;
      deviation[f] = (float) Math.sqrt(squares / examples.size());
    }
    return new Scaling(mean, deviation);
  }

  int size() {
    return mean.length;
  }

  float[] apply(float[] features) {
    if (features.length != size()) {
      throw new IllegalArgumentException(
          features.length + " features were given to a head that has " + size());
    }
    float[] scaled = new float[size()];
    for (int f = 0; f < scaled.length; f++) {
      scaled[f] =
          deviation[f] == 0 ? 0 : Math.clamp((features[f] - mean[f]) / deviation[f], -LIMIT, LIMIT);
    }
    return scaled;
  }

  void write(DataOutputStream out) throws IOException {
    out.writeInt(size());
    for (int f = 0; f < size(); f++) {
      out.writeFloat(mean[f]);
      out.writeFloat(deviation[f]);
    }
  }

  static Scaling read(DataInputStream in) throws IOException {
    int size = in.readInt();
    if (size < 1 || size > 1 << 20) {
      throw new IOException("a scaling of " + size + " features");
    }
    float[] mean = new float[size];
    float[] deviation = new float[size];
    for (int f = 0; f < size; f++) {
      mean[f] = in.readFloat();
      deviation[f] = in.readFloat();
    }
    return new Scaling(mean, deviation);
  }
}
