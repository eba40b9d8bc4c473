package io.whetstone.model;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.Capability;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.DrawnTokens;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A decoder-only transformer: embedding, blocks, RMSNorm, head, as its {@link ModelConfig} says.
 *
 * <p>Three ways through the same layers: {@link #score} keeps what {@link #backward} needs, {@link
 * #evaluate} keeps nothing, {@link #forwardCached} reads and extends a KV cache. On a backend that
 * is EXACT all three give a token the same logprob, to the bit.
 *
 * <p>Belongs to one thread at a time, as its backend does.
 */
public final class Transformer implements Trainable, AutoCloseable {
  private final Backend backend;
  private final ModelConfig config;
  private final DType compute;
  private final Parameters parameters;
  private final Lora lora;
  private final Parameters adapters;
  private final LayerStack layers;
  private final OutputHead head;
  private boolean recompute;
  private long dropoutKey;
  private int changes;

  /** Without {@code lora} all is trained, or nothing; with it only the adapters may be. */
  private Transformer(
      Backend backend,
      ModelConfig config,
      DType compute,
      Lora lora,
      boolean trainable,
      FrozenTypes frozen,
      String purpose) {
    this.backend = backend;
    this.config = config;
    this.compute = compute;
    this.lora = lora;
    parameters = new Parameters(backend, compute, trainable && lora == null, frozen, purpose);
    adapters = lora == null ? null : new Parameters(backend, compute, trainable);
    if (lora != null) {
      lora.adapted(config); // refuses modules that are not there
    }
    layers = new LayerStack(backend, config, compute, parameters, lora, adapters);
    head = new OutputHead(backend, config, compute, parameters, layers.embedding());
  }

  /**
   * A model whose weights are zero; gradients take memory only when {@code trainable}.
   *
   * @param compute F32, or BF16: then products are of numbers rounded to bfloat16 and their sums
   *     F32; the residual stream, its gradient, norms, logits and the weights' gradients stay F32.
   *     The weights are F32 where they are trained, else the matrices are BF16 as well, which gives
   *     the same bits
   * @throws IllegalArgumentException when the backend does not compute in that type
   */
  public static Transformer create(
      Backend backend, ModelConfig config, DType compute, boolean trainable) {
    requireKnown(backend, compute);
    return new Transformer(
        backend, config, compute, null, trainable, FrozenTypes.NONE, Parameters.WEIGHTS);
  }

  /**
   * A model that is not trained, whose weights are zero and lie in a workspace of this purpose.
   *
   * @throws IllegalArgumentException when the backend does not compute in that type
   */
  public static Transformer frozen(
      Backend backend, ModelConfig config, DType compute, String purpose) {
    requireKnown(backend, compute);
    return new Transformer(backend, config, compute, null, false, FrozenTypes.NONE, purpose);
  }

  /**
   * The same with adapters, zero as well, beside weights that are not trained: only the adapters
   * have gradients.
   *
   * @throws IllegalArgumentException when the model lacks a module that is to have one
   */
  public static Transformer create(
      Backend backend, ModelConfig config, DType compute, Lora lora, boolean trainable) {
    return create(backend, config, compute, Optional.of(lora), trainable, FrozenTypes.NONE);
  }

  /**
   * The same with or without adapters, and with quantised matrices where they are not trained: the
   * bits are those of a model of the decoded weights, to what its type rounds them.
   *
   * @throws IllegalArgumentException when the backend has no quantised weights
   */
  public static Transformer create(
      Backend backend,
      ModelConfig config,
      DType compute,
      Optional<Lora> lora,
      boolean trainable,
      FrozenTypes frozen) {
    requireKnown(backend, compute);
    if (frozen != FrozenTypes.NONE && !backend.capabilities().contains(Capability.QUANTIZED)) {
      throw new IllegalArgumentException(
          "the backend " + backend.name() + " has no quantised weights");
    }
    return new Transformer(
        backend, config, compute, lora.orElse(null), trainable, frozen, Parameters.WEIGHTS);
  }

  private static void requireKnown(Backend backend, DType compute) {
    boolean known =
        compute == DType.F32
            || compute == DType.BF16 && backend.capabilities().contains(Capability.BF16);
    if (!known) {
      throw new IllegalArgumentException(
          "the backend " + backend.name() + " does not compute in " + compute);
    }
  }

  // ---- weights

  /**
   * Draws new weights: matrices normal with that standard deviation (0.02 is usual), those that add
   * to the residual stream divided by √(2 · layers) (GPT-2), norms 1, biases 0. A weight depends
   * only on the seed, its Hugging Face name and its index.
   */
  public void initialise(long seed, double deviation) {
    parameters.initialise(seed, deviation, config.layers());
    weightsChanged();
  }

  /**
   * Draws new adapters: A uniform in ±1/√in, B 0, so that at first they add nothing (Hu et al.
   * 2021, section 4.1; PEFT). A number depends only on the seed, its tensor's name and its index.
   */
  public void initialiseAdapters(long seed) {
    adapters.initialise(seed, 0, config.layers());
    trainedChanged();
  }

  public ModelConfig config() {
    return config;
  }

  /** Its adapters' form, if it has any. */
  public Optional<Lora> lora() {
    return Optional.ofNullable(lora);
  }

  @Override
  public Backend backend() {
    return backend;
  }

  /** The type that products are made in. */
  public DType compute() {
    return compute;
  }

  /**
   * Whether {@link #score} keeps of each layer only its input, and {@link #backward} computes the
   * rest again: the same bits for a third more time and a fraction of the memory. Off at first.
   */
  public void recomputeActivations(boolean on) {
    recompute = on;
  }

  /** Whether there are gradients. */
  public boolean trainable() {
    return stepped().trainable();
  }

  /** What may be trained: the adapters where there are any, else all. */
  private Parameters stepped() {
    return adapters == null ? parameters : adapters;
  }

  /**
   * The tensors an optimizer steps, in a fixed order: the adapters' where there are any, else all;
   * a tied table occurs once.
   */
  @Override
  public List<Parameter> parameters() {
    return stepped().fused();
  }

  /**
   * The weights under Hugging Face's names and shapes, in a fixed order, as views; adapters are not
   * among them. Whoever writes to them calls {@link #weightsChanged} afterwards. {@code
   * lm_head.weight} exists only untied.
   */
  public Map<String, Tensor> weights() {
    return parameters.weights();
  }

  /**
   * What training changes, by the names that files have: the adapters under PEFT's where there are
   * any, else {@link #weights}. Whoever writes to them calls {@link #trainedChanged} afterwards.
   */
  public Map<String, Tensor> trained() {
    return stepped().weights();
  }

  /** The gradients, named as {@link #trained}. */
  public Map<String, Tensor> gradients() {
    return stepped().gradients();
  }

  /** Must be called after weights were written to and before the next pass. */
  @Override
  public void weightsChanged() {
    layers.forEach(Layer::weightsChanged);
    head.weightsChanged();
    changes++;
  }

  /** The same where nothing but {@link #trained} was written to, which spares frozen weights. */
  @Override
  public void trainedChanged() {
    if (adapters == null) {
      weightsChanged();
    } else {
      layers.forEach(Layer::adaptersChanged);
      changes++;
    }
  }

  /**
   * Whether adapters take part, at first on: off, the model is the one they were added to, to the
   * bit. Without adapters nothing happens.
   */
  public void useAdapters(boolean on) {
    layers.forEach(layer -> layer.useAdapters(on));
  }

  /**
   * Keys the dropout of the next {@link #score}: what is dropped depends on this, on how often
   * weights changed since, and on a token and those before it in its sequence.
   */
  public void keyDropout(long key) {
    dropoutKey = key;
    changes = 0;
  }

  /**
   * Puts what the adapters add into the weights, and leaves them out from then on: W ← W + s · B A.
   *
   * @throws IllegalStateException in a model that does not compute in F32, where most would be
   *     rounded away
   */
  public void mergeAdapters() {
    if (adapters == null) {
      return;
    }
    if (compute != DType.F32) {
      throw new IllegalStateException("adapters are merged in F32; the model is " + compute);
    }
    try (Workspace workspace = backend.workspace("merging adapters")) {
      layers.forEach(layer -> layer.mergeAdapters(workspace));
    }
    useAdapters(false);
    weightsChanged();
  }

  @Override
  public void zeroGradients() {
    stepped().zeroGradients();
  }

  /**
   * Takes over another model's weights, on whatever backend it is.
   *
   * @throws IllegalArgumentException when the shapes or the adapters differ
   */
  public void copyWeightsFrom(Transformer other) {
    if (!other.config.equals(config) || !Objects.equals(other.lora, lora)) {
      throw new IllegalArgumentException(
          "weights of another model: got "
              + other.config
              + ", "
              + other.lora
              + ", expected "
              + config
              + ", "
              + lora);
    }
    parameters.copyFrom(other.parameters);
    if (adapters != null) {
      adapters.copyFrom(other.adapters);
    }
    weightsChanged();
  }

  // ---- training

  /**
   * Logprobs of given tokens, keeping what {@link #backward} needs in {@code workspace}. The only
   * pass in which adapters' dropout, where there is any, drops.
   *
   * @param tokens T packed rows
   * @param rows R packed rows to predict from; may repeat (a prompt's last row predicts the first
   *     token of each completion of its group)
   * @param targets R token ids: row {@code rows[i]} predicts {@code targets[i]}
   * @param temperature logits are divided by it, &gt; 0
   * @param workspace about {@link #activationBytes} with the backward pass included
   */
  public Scored score(
      PackedTokens tokens, int[] rows, int[] targets, float temperature, Workspace workspace) {
    checkTokens(tokens.ids(), tokens.positions());
    checkTargets(tokens.rows(), rows, targets, temperature);
    LayerRows layerRows = trainingRows(tokens);
    List<Scored.Kept> kept = layers.keep(tokens, layerRows, recompute, workspace);
    Tensor stream = kept.getLast().output();
    Scored.Head scoredHead = head.score(stream, rows, targets, temperature, workspace);
    return new Scored(
        tokens, layerRows, rows, targets, temperature, kept, scoredHead, read(scoredHead));
  }

  /**
   * Hidden states after the final norm, keeping what {@link #backward(Hidden, Tensor, Workspace)}
   * needs in {@code workspace}: for heads other than the vocabulary's.
   *
   * @param rows R packed rows whose states are wanted; may repeat
   */
  public Hidden hidden(PackedTokens tokens, int[] rows, Workspace workspace) {
    checkTokens(tokens.ids(), tokens.positions());
    checkRange("row wanted", rows, tokens.rows());
    LayerRows layerRows = trainingRows(tokens);
    List<Scored.Kept> kept = layers.keep(tokens, layerRows, recompute, workspace);
    return new Hidden(
        tokens, layerRows, rows, kept, head.hidden(kept.getLast().output(), rows, workspace));
  }

  /**
   * As {@link #hidden}, to the bit, keeping only the result: [R, hidden] of the compute type, in
   * {@code workspace}.
   */
  public Tensor evaluateHidden(PackedTokens tokens, int[] rows, Workspace workspace) {
    checkTokens(tokens.ids(), tokens.positions());
    checkRange("row wanted", rows, tokens.rows());
    Tensor normed = workspace.tensor(compute, rows.length, config.hidden());
    long mark = workspace.mark();
    Tensor stream = layers.forward(tokens, workspace);
    backend.copy(head.hidden(stream, rows, workspace).normed(), normed);
    workspace.release(mark);
    return normed;
  }

  /**
   * As {@link #score} without dropout, to the bit, keeping nothing: the workspace is left as it
   * was.
   */
  public Logprobs evaluate(
      PackedTokens tokens, int[] rows, int[] targets, float temperature, Workspace workspace) {
    checkTokens(tokens.ids(), tokens.positions());
    checkTargets(tokens.rows(), rows, targets, temperature);
    long mark = workspace.mark();
    Tensor stream = layers.forward(tokens, workspace);
    Logprobs result = read(head.score(stream, rows, targets, temperature, workspace));
    workspace.release(mark);
    return result;
  }

  /**
   * Accumulates ∂L/∂weight into the gradients, given ∂L/∂logprob and ∂L/∂entropy for each row that
   * was scored. The weights must be those of {@code scored}, whose workspace must be intact; {@code
   * workspace} (the same, usually) is left as it was.
   */
  public void backward(Scored scored, float[] dLogprobs, float[] dEntropy, Workspace workspace) {
    stepped().requireTrainable();
    requireLength("dLogprobs", dLogprobs.length, scored.rows.length);
    requireLength("dEntropy", dEntropy.length, scored.rows.length);
    long mark = workspace.mark();
    Tensor gradient = workspace.zeros(DType.F32, scored.tokens.rows(), config.hidden());
    head.backward(scored, dLogprobs, dEntropy, gradient, workspace);
    layers.backward(scored.tokens, scored.layerRows, scored.layers, gradient, workspace);
    workspace.release(mark);
  }

  /**
   * Accumulates ∂L/∂weight into the gradients, given ∂L/∂normed of each row of {@link #hidden}.
   *
   * @param dNormed [R, hidden] F32
   */
  public void backward(Hidden hidden, Tensor dNormed, Workspace workspace) {
    stepped().requireTrainable();
    long mark = workspace.mark();
    Tensor gradient = workspace.zeros(DType.F32, hidden.tokens.rows(), config.hidden());
    head.backward(hidden, dNormed, gradient, workspace);
    layers.backward(hidden.tokens, hidden.layerRows, hidden.layers, gradient, workspace);
    workspace.release(mark);
  }

  /**
   * Workspace bytes that {@link #score} of T rows with R head rows and its {@link #backward} take,
   * the backend's own scratch (chunks of logits) apart. Divide a memory budget by the value for one
   * row to get a token budget.
   */
  public long activationBytes(int rows, int headRows) {
    long adapted = lora == null ? 0 : lora.scratchBytesPerRow(config, compute);
    return activationBytes(config, compute, recompute, rows, headRows) + rows * adapted;
  }

  /** As above, of a model that need not be there. */
  public static long activationBytes(
      ModelConfig config, DType compute, boolean recompute, int rows, int headRows) {
    long stream = (long) Float.BYTES * config.hidden();
    long layer = Activations.bytesPerRow(config, compute);
    long perRow = (config.layers() + 2) * stream + (recompute ? layer : config.layers() * layer);
    long perHeadRow = Scored.Head.bytesPerRow(config, compute) + 2 * stream;
    return rows * perRow + Layer.scratchBytes(config, compute, rows) + headRows * perHeadRow;
  }

  /**
   * Workspace bytes that {@link #forwardCached} of so many rows takes, the backend's own scratch
   * and adapters apart.
   */
  public static long inferenceBytes(ModelConfig config, DType compute, int rows) {
    // The layers share one stream, which is counted with one of them.
    long perRow =
        Activations.bytesPerRow(config, compute) + (long) compute.bytes() * config.hidden();
    return rows * perRow + Layer.scratchBytes(config, compute, rows);
  }

  // ---- inference

  /** A cache of this model's shape. */
  public KvCache kvCache(int pages) {
    return backend.kvCache(config.layers(), pages, config.heads(), compute);
  }

  /**
   * A prefill chunk or decoding step: stores each row's keys and values and returns its hidden
   * state.
   *
   * @param ids for each row, its token
   * @param positions for each row, its position in its sequence
   * @param slots for each row, where in {@code cache} its keys and values go
   * @param rows for each row, what it sees, itself included
   * @return [rows, hidden] after the final norm, of the compute type, in {@code workspace}
   */
  public Tensor forwardCached(
      int[] ids,
      int[] positions,
      int[] slots,
      CachedRows rows,
      KvCache cache,
      Workspace workspace) {
    return forwardCached(ids, DrawnTokens.none(), positions, slots, rows, cache, workspace);
  }

  /** The same of ids some of which are placeholders of what is being drawn. */
  public Tensor forwardCached(
      int[] ids,
      DrawnTokens drawn,
      int[] positions,
      int[] slots,
      CachedRows rows,
      KvCache cache,
      Workspace workspace) {
    checkRange("position", positions, config.maxPositions());
    requireLength("positions", positions.length, ids.length);
    requireLength("slots", slots.length, ids.length);
    requireLength("cached rows", rows.rows(), ids.length);
    Tensor normed = workspace.tensor(compute, ids.length, config.hidden());
    long mark = workspace.mark();
    Tensor stream =
        layers.forward(
            ids,
            drawn,
            positions,
            layer ->
                (fused, form, attended, unused) -> {
                  backend.cacheStore(fused, config.heads(), cache, layer, slots);
                  backend.cachedAttention(
                      fused, config.heads(), cache, layer, rows, form, attended);
                },
            workspace);
    head.norm(stream, normed, workspace.tensor(DType.F32, ids.length));
    workspace.release(mark);
    return normed;
  }

  /**
   * Logits [rows, vocabulary] of hidden states after the final norm, for {@link Backend#sample}.
   */
  public Tensor logits(Tensor hidden, Workspace workspace) {
    return head.logits(hidden, workspace);
  }

  @Override
  public void close() {
    head.close();
    layers.close();
    parameters.close();
    if (adapters != null) {
      adapters.close();
    }
  }

  // ---- pieces

  private LayerRows trainingRows(PackedTokens tokens) {
    return lora == null || lora.dropout() == 0
        ? LayerRows.of(tokens.positions())
        : LayerRows.dropped(tokens, Philox.derive(dropoutKey, changes));
  }

  private Logprobs read(Scored.Head kept) {
    return new Logprobs(backend.readFloats(kept.logprobs()), backend.readFloats(kept.entropy()));
  }

  private void checkTokens(int[] ids, int[] positions) {
    checkRange("id", ids, config.vocabulary());
    checkRange("position", positions, config.maxPositions());
  }

  private void checkTargets(int packedRows, int[] rows, int[] targets, float temperature) {
    requireLength("targets", targets.length, rows.length);
    checkRange("row to predict from", rows, packedRows);
    checkRange("target", targets, config.vocabulary());
    if (!(temperature > 0 && temperature < Float.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("temperature: " + temperature + " is not finite and > 0");
    }
  }

  private static void checkRange(String what, int[] values, int limit) {
    for (int i = 0; i < values.length; i++) {
      if (values[i] < 0 || values[i] >= limit) {
        throw new IllegalArgumentException(
            what + " " + i + ": " + values[i] + " is not in [0, " + limit + ")");
      }
    }
  }

  private static void requireLength(String what, int got, int expected) {
    if (got != expected) {
      throw new IllegalArgumentException(what + ": got " + got + " entries, expected " + expected);
    }
  }
}
