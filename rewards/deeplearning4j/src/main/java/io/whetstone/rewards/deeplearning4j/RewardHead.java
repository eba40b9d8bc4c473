package io.whetstone.rewards.deeplearning4j;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A trained head: features in, the probability out that the completion is right.
 *
 * <p>On disk it is one zip of deeplearning4j's own zip of the network and the scaling of its
 * features.
 */
public final class RewardHead {
  private static final String NETWORK = "network.zip";
  private static final String SCALING = "scaling.bin";

  /** Examples scored at once. */
  private static final int BATCH = 1024;

  private final MultiLayerNetwork network;
  private final Scaling scaling;

  RewardHead(MultiLayerNetwork network, Scaling scaling) {
    this.network = network;
    this.scaling = scaling;
  }

  /** Features that it asks for. */
  public int size() {
    return scaling.size();
  }

  /**
   * Scores in [0, 1], in the order of the features.
   *
   * @throws IllegalArgumentException where the number of features is not {@link #size}
   */
  public double[] score(List<float[]> features) {
    double[] scores = new double[features.size()];
    for (int from = 0; from < scores.length; from += BATCH) {
      List<float[]> batch = features.subList(from, Math.min(from + BATCH, scores.length));
      float[][] scaled = batch.stream().map(scaling::apply).toArray(float[][]::new);
      double[] part = network.output(Nd4j.createFromArray(scaled)).data().asDouble();
      System.arraycopy(part, 0, scores, from, batch.size());
    }
    return scores;
  }

  /** Writes the head into a zip. */
  public void save(Path to) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ModelSerializer.writeModel(network, bytes, false);
    try (OutputStream file = Files.newOutputStream(to);
        ZipOutputStream zip = new ZipOutputStream(file)) {
      zip.putNextEntry(new ZipEntry(NETWORK));
      zip.write(bytes.toByteArray());
      zip.putNextEntry(new ZipEntry(SCALING));
      DataOutputStream out = new DataOutputStream(zip);
      scaling.write(out);
      out.flush();
    }
  }

  /**
   * Reads what {@link #save} wrote.
   *
   * @throws IOException where the file is something else, naming it
   */
  public static RewardHead load(Path from) throws IOException {
    MultiLayerNetwork network = null;
    Scaling scaling = null;
    try (ZipInputStream zip =
        new ZipInputStream(new BufferedInputStream(Files.newInputStream(from)))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        byte[] bytes = zip.readAllBytes();
        if (entry.getName().equals(NETWORK)) {
          network =
              ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(bytes), false);
        } else if (entry.getName().equals(SCALING)) {
          scaling = Scaling.read(new DataInputStream(new ByteArrayInputStream(bytes)));
        }
      }
    } catch (IOException | RuntimeException e) {
      throw new IOException(from + ": is no reward head: " + e.getMessage(), e);
    }
    if (network == null || scaling == null) {
      throw new IOException(from + ": is no reward head: it has no " + NETWORK + " and " + SCALING);
    }
    return new RewardHead(network, scaling);
  }
}
