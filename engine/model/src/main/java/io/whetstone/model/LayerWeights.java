package io.whetstone.model;

import io.whetstone.model.Parameters.Part;
import io.whetstone.model.Parameters.Start;
import java.util.List;

/**
 * A layer's weights, under the names its family gives them. What an architecture does not have is
 * null.
 *
 * @param attentionNorm [hidden], of what attention sees
 * @param queryKeyValue [fusedColumns, hidden]
 * @param queryKeyValueBias [fusedColumns]
 * @param queryNorm see {@link QueryKeyNorm}
 * @param keyNorm see {@link QueryKeyNorm}
 * @param attentionOut [hidden, outputColumns]
 * @param attentionOutBias [hidden]
 * @param attentionOutNorm [hidden], of what attention adds to the stream
 * @param feedForwardNorm [hidden], of what the feed-forward sees
 * @param gateUp [2 · feedForward, hidden]
 * @param down [hidden, feedForward]
 * @param feedForwardOutNorm [hidden], of what the feed-forward adds to the stream
 */
record LayerWeights(
    Parameter attentionNorm,
    Parameter queryKeyValue,
    Parameter queryKeyValueBias,
    Parameter queryNorm,
    Parameter keyNorm,
    Parameter attentionOut,
    Parameter attentionOutBias,
    Parameter attentionOutNorm,
    Parameter feedForwardNorm,
    Parameter gateUp,
    Parameter down,
    Parameter feedForwardOutNorm) {

  static LayerWeights create(ModelConfig config, int index, Parameters parameters) {
    return new Maker(config, index, parameters).make();
  }

  /** Makes them in the order of the arguments of {@link LayerWeights}. */
  private static final class Maker {
    private final ModelConfig config;
    private final Architecture architecture;
    private final Parameters parameters;
    private final int index;
    private final String layer;
    private final String attention;
    private final String feedForward;

    Maker(ModelConfig config, int index, Parameters parameters) {
      this.config = config;
      this.architecture = config.architecture();
      this.parameters = parameters;
      this.index = index;
      layer = "model.layers." + index + ".";
      attention = layer + "self_attn.";
      feedForward = layer + "mlp.";
    }

    LayerWeights make() {
      boolean before = architecture.norms().before();
      boolean after = architecture.norms().after();
      int fused = config.heads().fusedColumns();
      int hidden = config.hidden();
      int width = config.feedForward();
      return new LayerWeights(
          before ? norm(layer + "input_layernorm", hidden) : null,
          parameters.matrix(
              attention + "qkv_proj.weight", Start.NORMAL, fused, hidden, projections(".weight")),
          architecture.queryKeyValueBias()
              ? parameters.vector(
                  attention + "qkv_proj.bias", Start.ZEROS, fused, projections(".bias"))
              : null,
          config.queryNorm() > 0 ? norm(attention + "q_norm", config.queryNorm()) : null,
          config.keyNorm() > 0 ? norm(attention + "k_norm", config.keyNorm()) : null,
          parameters.matrix(
              attention + "o_proj.weight", Start.RESIDUAL, hidden, config.heads().outputColumns()),
          architecture.attentionOutBias()
              ? parameters.vector(attention + "o_proj.bias", Start.ZEROS, hidden)
              : null,
          after ? norm(layer + "post_attention_layernorm", hidden) : null,
          before ? norm(layer + feedForwardNorm(), hidden) : null,
          parameters.matrix(
              feedForward + "gate_up_proj.weight",
              Start.NORMAL,
              2 * width,
              hidden,
              parts(LinearModule.gateUp(config, index), ".weight")),
          parameters.matrix(feedForward + "down_proj.weight", Start.RESIDUAL, hidden, width),
          after ? norm(layer + "post_feedforward_layernorm", hidden) : null);
    }

    private Parameter norm(String name, int size) {
      Start start = architecture.normOffset() == 1 ? Start.ZEROS : Start.ONES;
      return parameters.vector(name + ".weight", start, size);
    }

    /** Where attention has no norm after it, the name tells where the norm stands, not whose. */
    private String feedForwardNorm() {
      return architecture.norms().after()
          ? "pre_feedforward_layernorm"
          : "post_attention_layernorm";
    }

    private Part[] projections(String kind) {
      return parts(LinearModule.queryKeyValue(config, index), kind);
    }

    private static Part[] parts(List<LinearModule> modules, String kind) {
      return modules.stream().map(m -> new Part(m.name() + kind, m.out())).toArray(Part[]::new);
    }
  }
}
