package io.whetstone.gpu;

import io.whetstone.generation.Completion;
import io.whetstone.generation.GenerationRequest;
import io.whetstone.generation.Sampler;
import io.whetstone.generation.SamplerLimits;
import io.whetstone.generation.StopRules;
import io.whetstone.generation.TokenListener;
import io.whetstone.model.FrozenTypes;
import io.whetstone.model.LinearModule;
import io.whetstone.model.Lora;
import io.whetstone.model.Scored;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.benchmark.RandomWeights;
import io.whetstone.trainer.benchmark.Workload;
import io.whetstone.trainer.rollout.MicroBatch;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The logprobs recorded at sampling are those that training computes, to the bit: groups of prompts
 * of several lengths sampled together from the paged cache, then packed and scored with gradients.
 */
final class Exactness {
  /**
   * @param tokens that were compared
   * @param differing of them, by a bit or more
   * @param most the largest difference, nats
   */
  record Compared(long tokens, long differing, double most) {}

  private Exactness() {}

  static void run(Trial trial) {
    long differing = 0;
    List<Workload> workloads =
        trial.small() ? List.of(Models.TINY) : List.of(Models.HEADS_OF_64, Models.HEADS_OF_128);
    try (Backend backend = trial.open()) {
      for (Workload workload : workloads) {
        for (DType compute : List.of(DType.F32, DType.BF16)) {
          String name = workload.name() + "/" + compute.name().toLowerCase(Locale.ROOT);
          differing += found(trial, name, compare(workload, backend, compute));
          differing += found(trial, name + "-q8-lora", compareAdapters(workload, backend, compute));
        }
      }
    }
    if (differing > 0) {
      throw new IllegalStateException(differing + " logprobs differ");
    }
  }

  private static long found(Trial trial, String name, Compared compared) {
    trial
        .figures()
        .putObject(name)
        .put("tokens", compared.tokens())
        .put("differing", compared.differing())
        .put("largest-difference", compared.most());
    return compared.differing();
  }

  /** Of a workload's model, with its lengths. */
  static Compared compare(Workload workload, Backend backend, DType compute) {
    try (Transformer model = Transformer.create(backend, workload.model(), compute, true);
        Tokenizer tokenizer = workload.tokenizer()) {
      RandomWeights.fill(model);
      return compare(model, tokenizer, workload.completionTokens());
    }
  }

  /** The same of adapters beside weights in 8-bit blocks, which add something everywhere. */
  static Compared compareAdapters(Workload workload, Backend backend, DType compute) {
    Set<String> all =
        LinearModule.of(workload.model()).stream()
            .map(LinearModule::name)
            .collect(Collectors.toSet());
    Optional<Lora> lora = Optional.of(new Lora(4, 8, 0, false, all));
    FrozenTypes blocks = FrozenTypes.all(DType.Q8_0);
    try (Transformer model =
            Transformer.create(backend, workload.model(), compute, lora, true, blocks);
        Tokenizer tokenizer = workload.tokenizer()) {
      RandomWeights.fill(model);
      model.initialiseAdapters(1);
      model.trained().forEach((name, t) -> add(backend, name, t));
      model.trainedChanged();
      return compare(model, tokenizer, workload.completionTokens());
    }
  }

  /** B begins as 0. */
  private static void add(Backend backend, String name, Tensor adapter) {
    if (name.contains("lora_B")) {
      backend.fill(adapter, 0.01f);
    }
  }

  /**
   * Samples and scores again.
   *
   * @param tokens of a completion at most; every group's are of another length
   */
  private static Compared compare(Transformer model, Tokenizer tokenizer, int tokens) {
    List<GenerationRequest> requests = new ArrayList<>();
    for (int group = 0; group < 5; group++) {
      int[] prompt = new int[3 + 11 * group];
      for (int i = 0; i < prompt.length; i++) {
        prompt[i] = (i * 7 + group) % model.config().vocabulary();
      }
      StopRules stop = new StopRules(tokens - group, Set.of(), List.of());
      Sampling sampling = group == 3 ? new Sampling(1, 5, 0.9f, 0.01f) : Sampling.PLAIN;
      requests.add(new GenerationRequest(prompt, 1 + group, sampling, stop, group));
    }
    List<TrainingSample> samples = new ArrayList<>();
    SamplerLimits limits = new SamplerLimits(9, 15 * (64 + tokens + 32), 64);
    try (Sampler sampler = new Sampler(model, tokenizer, limits)) {
      List<List<Completion>> drawn = sampler.generate(requests, TokenListener.NONE);
      for (int r = 0; r < drawn.size(); r++) {
        for (Completion completion : drawn.get(r)) {
          samples.add(sample(requests.get(r).prompt(), completion, r));
        }
      }
    }
    return compare(model, samples, 3 * tokens);
  }

  private static TrainingSample sample(int[] prompt, Completion completion, int group) {
    int n = completion.ids().length;
    boolean[] trained = new boolean[n];
    Arrays.fill(trained, true);
    return new TrainingSample(
        prompt, completion.ids(), completion.logprobs(), trained, new float[n], group);
  }

  private static Compared compare(Transformer model, List<TrainingSample> samples, int rows) {
    long count = 0;
    long differing = 0;
    double most = 0;
    try (Workspace workspace = model.backend().workspace("activations")) {
      for (MicroBatch batch : new Packer(rows).pack(samples)) {
        workspace.reset();
        Scored scored = model.score(batch.tokens(), batch.rows(), batch.targets(), 1, workspace);
        for (int i = 0; i < batch.size(); i++) {
          float sampled = samples.get(batch.sample()[i]).logprobs()[batch.position()[i]];
          float trained = scored.logprobs()[i];
          count++;
          if (Float.floatToRawIntBits(sampled) != Float.floatToRawIntBits(trained)) {
            differing++;
            most = Math.max(most, Math.abs((double) sampled - trained));
          }
        }
      }
    }
    return new Compared(count, differing, most);
  }
}
