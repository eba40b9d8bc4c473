package io.whetstone.generation;

import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.DeviceRoom;
import java.util.Optional;

/**
 * What a sampler may take.
 *
 * @param sequences completions that decode together at most
 * @param cacheTokens positions the key/value cache has room for; a completion needs its prompt
 *     (shared by its group) and its own tokens at most
 * @param prefillRows prompt tokens computed in one forward pass at most
 */
public record SamplerLimits(int sequences, int cacheTokens, int prefillRows) {
  /** Completions that decode together where nobody asks for another number. */
  public static final int DEFAULT_SEQUENCES = 256;

  /** What the cache takes at most where tensors lie in the host's memory. */
  public static final long CACHE_BYTES = 1L << 30;

  /** The share of a device's free memory that the cache takes at most. */
  public static final double DEVICE_SHARE = 0.6;

  /** Logits that are held at a time where tensors lie in the host's memory: 32 MiB of them. */
  public static final int LOGITS = 8 << 20;

  /** Of a device's memory they take this part, where that is more: 1/256. */
  private static final int LOGITS_PART = 256;

  private static final int PREFILL_ROWS = 2048;

  /**
   * As {@link #of(Transformer, int, long)} where nobody else will want memory of the device's, but
   * for what the sampler computes with.
   */
  public static SamplerLimits of(Transformer policy, int sequences) {
    return of(policy, sequences, 0);
  }

  /**
   * Room for so many sequences of a model's full length, as far as {@link #most} goes, and for one
   * in any case.
   *
   * @param reserved bytes of a device's own memory that others will want
   */
  public static SamplerLimits of(Transformer policy, int sequences, long reserved) {
    ModelConfig model = policy.config();
    long position = bytesPerPosition(model, policy.compute());
    long wanted = (long) sequences * model.maxPositions();
    long most = most(policy.backend().deviceRoom(), reserved);
    long tokens = Math.max(model.maxPositions() + 1L, Math.min(wanted, most / position));
    return new SamplerLimits(sequences, (int) Math.min(tokens, 1 << 30), PREFILL_ROWS);
  }

  /**
   * Bytes of a position: layers × 2 × key/value heads × head size numbers of the type the model
   * computes in.
   */
  public static long bytesPerPosition(ModelConfig model, DType compute) {
    return 2L * model.layers() * model.heads().keyValues() * model.heads().size() * compute.bytes();
  }

  /**
   * Bytes that a sampler computes in: a pass over so many rows, and then the logits of what decodes
   * together.
   *
   * @param rows of prompts, of which {@value #PREFILL_ROWS} go in one pass
   */
  public static long workspaceBytes(
      ModelConfig model, DType compute, Optional<Lora> lora, int rows, int sequences) {
    int most = Math.max(sequences, Math.min(PREFILL_ROWS, rows));
    long adapted = lora.map(there -> there.scratchBytesPerRow(model, compute)).orElse(0L);
    long logits = (long) sequences * model.vocabulary();
    return Transformer.inferenceBytes(model, compute, most)
        + most * adapted
        + Float.BYTES * Math.min(logits, LOGITS);
  }

  /**
   * The most bytes that a cache takes: {@value #DEVICE_SHARE} of what is free on the device beside
   * what is reserved, or {@link #CACHE_BYTES} where there is no device with memory of its own.
   */
  public static long most(Optional<DeviceRoom> device, long reserved) {
    return device
        .map(room -> (long) (DEVICE_SHARE * Math.max(0, room.free() - reserved)))
        .orElse(CACHE_BYTES);
  }

  /**
   * Logits that are held at a time, 4 bytes each. More rows than fit are drawn in several rounds,
   * and each round reads the head's weights again: on a device, whose time goes there, a 256th of
   * its memory is theirs. No draw depends on it.
   */
  public static int logits(Optional<DeviceRoom> device) {
    long fitting = device.map(DeviceRoom::total).orElse(0L) / LOGITS_PART / Float.BYTES;
    return Math.clamp(fitting, LOGITS, 1 << 30);
  }

  public SamplerLimits {
    if (sequences < 1 || cacheTokens < 1 || prefillRows < 1) {
      throw new IllegalArgumentException(
          "a sampler needs room for at least one of each, got "
              + sequences
              + " sequences, "
              + cacheTokens
              + " cached tokens, "
              + prefillRows
              + " prefill rows");
    }
  }
}
