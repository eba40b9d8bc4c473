package io.whetstone.trainer.loop;

import io.whetstone.model.Parameter;
import io.whetstone.model.WeightShapes;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.trainer.config.MomentPrecision;

/**
 * The two moments of a parameter as AdamW holds them between updates.
 *
 * <p>With {@link MomentPrecision#EIGHT_BIT} vectors (norms, biases), tensors of fewer than 4,096
 * numbers and the table of embeddings stay F32, the last also where it is the head, too: Dettmers
 * et al. 2022, section 2.3 (stable embedding), whose small tensors and embeddings bitsandbytes
 * leaves alone.
 *
 * @param first of the gradient's running mean: F32 as the parameter, or DYNAMIC
 * @param second of its square's: F32 as the parameter, or UDYNAMIC
 */
record Moments(Tensor first, Tensor second) {
  private static final int SMALL = 4096;

  /** Zero. */
  static Moments of(Parameter parameter, MomentPrecision precision, Workspace memory) {
    Shape shape = parameter.value().shape();
    if (inBlocks(parameter.name(), shape, precision)) {
      int blocks = Math.toIntExact(blocks(shape));
      int elements = DType.DYNAMIC.blockElements();
      return new Moments(
          memory.zeros(DType.DYNAMIC, blocks, elements),
          memory.zeros(DType.UDYNAMIC, blocks, elements));
    }
    int[] extents = shape.extents().stream().mapToInt(e -> e).toArray();
    return new Moments(memory.zeros(DType.F32, extents), memory.zeros(DType.F32, extents));
  }

  /** What both take of a parameter of this name and shape. */
  static long bytes(String name, Shape shape, MomentPrecision precision) {
    return inBlocks(name, shape, precision)
        ? blocks(shape) * (DType.DYNAMIC.blockBytes() + DType.UDYNAMIC.blockBytes())
        : shape.size() * 2 * Float.BYTES;
  }

  private static boolean inBlocks(String name, Shape shape, MomentPrecision precision) {
    return precision == MomentPrecision.EIGHT_BIT
        && shape.extents().size() > 1
        && shape.size() >= SMALL
        && !name.equals(WeightShapes.EMBEDDING);
  }

  private static long blocks(Shape shape) {
    return Math.ceilDiv(shape.size(), DType.DYNAMIC.blockElements());
  }
}
