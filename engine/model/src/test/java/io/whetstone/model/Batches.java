package io.whetstone.model;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Small models and groups of sequences for the tests, and ways of packing them. */
final class Batches {
  static final float TEMPERATURE = 0.8f;

  private Batches() {}

  /** Large enough that kernels split their work, small enough to be quick; no size is round. */
  static ModelConfig config(boolean tied, boolean bias) {
    return new ModelConfig(
        23, 72, 2, new Heads(4, 2, 18), 100, Gate.SILU, 10000, 1e-5f, tied, bias, 256);
  }

  static Transformer model(Backend backend, ModelConfig config) {
    return model(backend, config, DType.F32);
  }

  /** The same weights whatever the type. */
  static Transformer model(Backend backend, ModelConfig config, DType compute) {
    Transformer model = Transformer.create(backend, config, compute, true);
    model.initialise(7, 0.02);
    Random random = new Random(11);
    model
        .weights()
        .forEach(
            (name, weight) -> {
              float[] numbers = backend.readFloats(weight);
              for (int i = 0; i < numbers.length; i++) {
                numbers[i] += (float) (0.1 * random.nextGaussian());
              }
              backend.write(weight, numbers);
            });
    model.weightsChanged();
    return model;
  }

  /**
   * A completion after a prompt, with ∂L/∂logprob and ∂L/∂entropy for each of its tokens. Sequences
   * of one group have the very same prompt array.
   */
  record Sequence(int[] prompt, int[] completion, float[] dLogprobs, float[] dEntropy) {
    int rows() {
      return prompt.length + completion.length - 1;
    }
  }

  static List<Sequence> sequences(int groups, int groupSize, int vocabulary, long seed) {
    Random random = new Random(seed);
    List<Sequence> sequences = new ArrayList<>();
    for (int g = 0; g < groups; g++) {
      int[] prompt = random.ints(1 + random.nextInt(20), 0, vocabulary).toArray();
      for (int i = 0; i < groupSize; i++) {
        int length = 1 + random.nextInt(60);
        float[] dLogprobs = new float[length];
        float[] dEntropy = new float[length];
        for (int t = 0; t < length; t++) {
          dLogprobs[t] = (float) random.nextGaussian();
          dEntropy[t] = (float) (0.1 * random.nextGaussian());
        }
        int[] completion = random.ints(length, 0, vocabulary).toArray();
        sequences.add(new Sequence(prompt, completion, dLogprobs, dEntropy));
      }
    }
    return sequences;
  }

  /** A packed batch, and for each of its head rows whose it is: sequence and index in it. */
  record Packed(
      PackedTokens tokens,
      int[] rows,
      int[] targets,
      float[] dLogprobs,
      float[] dEntropy,
      List<Sequence> owners,
      int[] indices) {}

  /** Each sequence on its own, or with the prompt of consecutive ones of a group computed once. */
  static Packed pack(List<Sequence> sequences, boolean sharePrompts) {
    Packer packer = new Packer();
    for (int from = 0; from < sequences.size(); ) {
      int to = from + 1;
      while (sharePrompts
          && to < sequences.size()
          && sequences.get(to).prompt() == sequences.get(from).prompt()) {
        to++;
      }
      if (sharePrompts) {
        packer.addGroup(sequences.subList(from, to));
      } else {
        packer.addAlone(sequences.get(from));
      }
      from = to;
    }
    return packer.packed();
  }

  /** Logprobs of every sequence and the gradients summed over the batches. */
  record Result(Map<Sequence, float[]> logprobs, Map<String, float[]> gradients) {}

  /** One micro-batch after another, gradients accumulated. */
  static Result run(Transformer model, List<Packed> batches) {
    Map<Sequence, float[]> logprobs = new LinkedHashMap<>();
    model.zeroGradients();
    try (Workspace workspace = model.backend().workspace("test")) {
      for (Packed batch : batches) {
        workspace.reset();
        Scored scored =
            model.score(batch.tokens(), batch.rows(), batch.targets(), TEMPERATURE, workspace);
        for (int i = 0; i < batch.rows().length; i++) {
          Sequence owner = batch.owners().get(i);
          logprobs
                  .computeIfAbsent(owner, o -> new float[o.completion().length])[
                  batch.indices()[i]] =
              scored.logprobs()[i];
        }
        model.backward(scored, batch.dLogprobs(), batch.dEntropy(), workspace);
      }
    }
    Map<String, float[]> gradients = new LinkedHashMap<>();
    for (Map.Entry<String, Tensor> gradient : model.gradients().entrySet()) {
      gradients.put(gradient.getKey(), model.backend().readFloats(gradient.getValue()));
    }
    return new Result(logprobs, gradients);
  }

  private static final class Packer {
    private final List<Integer> ids = new ArrayList<>();
    private final List<int[]> segments = new ArrayList<>();
    private final List<Integer> rows = new ArrayList<>();
    private final List<Sequence> owners = new ArrayList<>();
    private final List<Integer> indices = new ArrayList<>();

    void addAlone(Sequence s) {
      int start = ids.size();
      append(s.prompt(), s.prompt().length);
      append(s.completion(), s.completion().length - 1);
      segments.add(new int[] {start, ids.size(), 0, 0});
      for (int t = 0; t < s.completion().length; t++) {
        head(start + s.prompt().length - 1 + t, s, t);
      }
    }

    void addGroup(List<Sequence> group) {
      int[] prompt = group.getFirst().prompt();
      int promptStart = ids.size();
      append(prompt, prompt.length);
      int promptEnd = ids.size();
      segments.add(new int[] {promptStart, promptEnd, 0, 0});
      for (Sequence s : group) {
        int start = ids.size();
        append(s.completion(), s.completion().length - 1);
        segments.add(new int[] {start, ids.size(), promptStart, promptEnd});
        for (int t = 0; t < s.completion().length; t++) {
          head(t == 0 ? promptEnd - 1 : start + t - 1, s, t);
        }
      }
    }

    private void append(int[] tokens, int count) {
      for (int t = 0; t < count; t++) {
        ids.add(tokens[t]);
      }
    }

    private void head(int row, Sequence owner, int index) {
      rows.add(row);
      owners.add(owner);
      indices.add(index);
    }

    Packed packed() {
      int n = rows.size();
      int[] targets = new int[n];
      float[] dLogprobs = new float[n];
      float[] dEntropy = new float[n];
      for (int i = 0; i < n; i++) {
        targets[i] = owners.get(i).completion()[indices.get(i)];
        dLogprobs[i] = owners.get(i).dLogprobs()[indices.get(i)];
        dEntropy[i] = owners.get(i).dEntropy()[indices.get(i)];
      }
      Segments rowSegments = new Segments(column(0), column(1), column(2), column(3));
      return new Packed(
          PackedTokens.of(ints(ids), rowSegments),
          ints(rows),
          targets,
          dLogprobs,
          dEntropy,
          owners,
          ints(indices));
    }

    private int[] column(int i) {
      return segments.stream().mapToInt(s -> s[i]).toArray();
    }

    private static int[] ints(List<Integer> list) {
      return list.stream().mapToInt(i -> i).toArray();
    }
  }
}
