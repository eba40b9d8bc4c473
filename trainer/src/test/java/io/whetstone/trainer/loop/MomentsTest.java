package io.whetstone.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.model.Parameter;
import io.whetstone.model.WeightShapes;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.trainer.config.MomentPrecision;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MomentsTest {
  private final Backend backend = Backends.open("cpu", 1);
  private final Workspace memory = backend.workspace("test");

  @AfterEach
  void close() {
    memory.close();
    backend.close();
  }

  private Parameter parameter(String name, int... extents) {
    Tensor value = memory.zeros(DType.F32, extents);
    return new Parameter(name, value, value, extents.length > 1);
  }

  private DType held(String name, int... extents) {
    Moments moments = Moments.of(parameter(name, extents), MomentPrecision.EIGHT_BIT, memory);
    assertEquals(moments.first().dtype().quantized(), moments.second().dtype().quantized());
    return moments.first().dtype();
  }

  @Test
  void smallTensorsVectorsAndEmbeddingsStayAsTheyAre() {
    assertEquals(DType.DYNAMIC, held("model.layers.0.mlp.down_proj.weight", 64, 64));
    assertEquals(DType.DYNAMIC, held("lm_head.weight", 100, 64));
    assertEquals(DType.F32, held("model.layers.0.mlp.down_proj.weight", 65, 63));
    assertEquals(DType.F32, held("model.norm.weight", 8192));
    assertEquals(DType.F32, held(WeightShapes.EMBEDDING, 100, 64));
  }

  @ParameterizedTest
  @EnumSource(MomentPrecision.class)
  void whatTheyTakeIsWhatIsSaid(MomentPrecision precision) {
    for (int rows : new int[] {1, 63, 64, 65, 333}) {
      Parameter parameter = parameter("model.layers.0.mlp.up_proj.weight", rows, 77);
      Moments moments = Moments.of(parameter, precision, memory);
      long held = moments.first().memory().byteSize() + moments.second().memory().byteSize();
      assertEquals(
          held,
          Moments.bytes(parameter.name(), parameter.value().shape(), precision),
          "of " + rows);
    }
  }
}
