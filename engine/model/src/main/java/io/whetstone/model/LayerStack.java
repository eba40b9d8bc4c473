package io.whetstone.model;

import io.whetstone.model.Parameters.Start;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.DrawnTokens;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/** From token ids to the residual stream [T, hidden] behind the last layer, and back. */
final class LayerStack implements AutoCloseable {
  private final Backend backend;
  private final ModelConfig config;
  private final DType compute;
  private final Parameter embedding;
  private final Workspace constants;
  private final List<Layer> layers = new ArrayList<>();

  LayerStack(
      Backend backend,
      ModelConfig config,
      DType compute,
      Parameters parameters,
      Lora lora,
      Parameters adapters) {
    this.backend = backend;
    this.config = config;
    this.compute = compute;
    constants = backend.workspace("rotary table");
    embedding = table(config, parameters);
    Map<Rope, Tensor> tables = new HashMap<>();
    for (int i = 0; i < config.layers(); i++) {
      Tensor table =
          config
              .layerForms()
              .get(i)
              .rope()
              .map(rope -> tables.computeIfAbsent(rope, this::ropeTable))
              .orElse(null);
      layers.add(new Layer(backend, config, compute, i, parameters, table, lora, adapters));
    }
  }

  static Parameter table(ModelConfig config, Parameters parameters) {
    return parameters.matrix(
        WeightShapes.EMBEDDING, Start.NORMAL, config.vocabulary(), config.hidden());
  }

  private Tensor ropeTable(Rope rope) {
    return RopeTable.create(backend, constants, rope, config.maxPositions(), config.heads().size());
  }

  /** The table of embeddings, which the head may share. */
  Parameter embedding() {
    return embedding;
  }

  void forEach(Consumer<Layer> action) {
    layers.forEach(action);
  }

  /**
   * All layers, one after the other in one buffer.
   *
   * @param drawn what placeholders among the ids stand for
   * @param attention of each layer
   */
  Tensor forward(
      int[] ids,
      DrawnTokens drawn,
      int[] positions,
      IntFunction<Layer.Attention> attention,
      Workspace workspace) {
    Tensor stream = embed(ids, drawn, workspace);
    LayerRows rows = LayerRows.of(positions);
    for (int i = 0; i < layers.size(); i++) {
      long mark = workspace.mark();
      Activations activations = Activations.inPlace(config, compute, stream, workspace);
      layers.get(i).forward(activations, rows, attention.apply(i), workspace);
      workspace.release(mark);
    }
    return stream;
  }

  /** The same of packed sequences. */
  Tensor forward(PackedTokens tokens, Workspace workspace) {
    Layer.Attention attention = packed(tokens);
    return forward(
        tokens.ids(), DrawnTokens.none(), tokens.positions(), layer -> attention, workspace);
  }

  /**
   * The same with what {@link #backward} needs, layer by layer.
   *
   * @param recompute whether only the layers' inputs are kept
   */
  List<Scored.Kept> keep(
      PackedTokens tokens, LayerRows rows, boolean recompute, Workspace workspace) {
    Tensor stream = embed(tokens.ids(), DrawnTokens.none(), workspace);
    Layer.Attention attention = packed(tokens);
    List<Scored.Kept> kept = new ArrayList<>(layers.size());
    for (Layer layer : layers) {
      Tensor output = workspace.tensor(DType.F32, tokens.rows(), config.hidden());
      long mark = workspace.mark();
      Activations activations = Activations.kept(config, compute, stream, output, workspace);
      layer.forward(activations, rows, attention, workspace);
      if (recompute) {
        workspace.release(mark);
      }
      kept.add(new Scored.Kept(stream, output, recompute ? null : activations));
      stream = output;
    }
    return kept;
  }

  /** From the last layer's output down to the embedding; {@code gradient} is used up. */
  void backward(
      PackedTokens tokens,
      LayerRows rows,
      List<Scored.Kept> kept,
      Tensor gradient,
      Workspace workspace) {
    for (int i = layers.size() - 1; i >= 0; i--) {
      long mark = workspace.mark();
      Activations activations = activations(i, tokens, rows, kept.get(i), workspace);
      layers.get(i).backward(activations, rows, tokens.segments(), gradient, workspace);
      workspace.release(mark);
    }
    if (embedding.trained()) {
      scale(gradient);
      backend.embeddingBackward(tokens.ids(), gradient, embedding.gradient());
    }
  }

  /** What the backward pass of layer i needs: kept, or made again from the layer's input. */
  private Activations activations(
      int i, PackedTokens tokens, LayerRows rows, Scored.Kept kept, Workspace workspace) {
    if (kept.activations() != null) {
      return kept.activations();
    }
    Activations again = Activations.kept(config, compute, kept.input(), kept.output(), workspace);
    layers.get(i).forward(again, rows, packed(tokens), workspace);
    return again;
  }

  private Layer.Attention packed(PackedTokens tokens) {
    return (fused, form, attended, logSumExp) ->
        backend.attention(fused, config.heads(), tokens.segments(), form, attended, logSumExp);
  }

  private Tensor embed(int[] ids, DrawnTokens drawn, Workspace workspace) {
    Tensor stream = workspace.tensor(DType.F32, ids.length, config.hidden());
    backend.embedding(ids, drawn, embedding.value(), stream);
    if (embedding.value().dtype() != compute) {
      // As every matrix: rounded where it is used, so that a BF16 copy of it gives the same bits.
      long mark = workspace.mark();
      Tensor rounded = workspace.tensor(compute, ids.length, config.hidden());
      backend.copy(stream, rounded);
      backend.copy(rounded, stream);
      workspace.release(mark);
    }
    scale(stream);
    return stream;
  }

  private void scale(Tensor stream) {
    float factor = config.architecture().embeddingScale();
    if (factor != 1) {
      backend.scale(stream, factor);
    }
  }

  @Override
  public void close() {
    layers.forEach(Layer::close);
    constants.close();
  }
}
