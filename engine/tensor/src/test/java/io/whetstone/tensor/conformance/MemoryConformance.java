package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Capability;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Workspaces, and numbers in and out. */
interface MemoryConformance extends Conformance {
  @Test
  default void whatIsWrittenIsRead() {
    float[] values = {
      1, -0.0f, Float.NaN, Float.NEGATIVE_INFINITY, Float.MIN_VALUE, -Float.MAX_VALUE, 0.1f
    };
    Tensor tensor = rig().output(values.length);
    rig().backend().write(tensor, values);
    assertArrayEquals(values, rig().get(tensor));
    assertArrayEquals(new float[0], rig().get(rig().output(0, 7)));
  }

  @Test
  default void copyMovesEveryBit() {
    for (int size : new int[] {0, 1, 7, 64, 1000}) {
      Tensor from = rig().input(Numbers.normal(1, size, 1), size);
      Tensor to = rig().output(size);
      rig().backend().copy(from, to);
      assertArrayEquals(rig().get(from), rig().get(to));
    }
  }

  /** 1 + 2⁻⁸ lies midway between two bfloat16 and goes to the even one; more goes up. */
  @Test
  default void bfloat16RoundsToNearestEven() {
    Backend backend = rig().backend();
    if (!backend.capabilities().contains(Capability.BF16)) {
      System.out.println("NOT RUN: bfloat16 rounding: " + backend.name() + " declares no BF16");
    }
    assumeTrue(backend.capabilities().contains(Capability.BF16), "no BF16 declared");
    float[] values = {
      1, 1 + 0x1p-8f, 1 + 0x1.8p-8f, 1 + 0x1.8p-7f, -1 - 0x1p-8f, Float.MAX_VALUE, -0.0f, 3e-39f
    };
    float[] rounded = {
      1, 1, 1 + 0x1p-7f, 1 + 0x1p-6f, -1, Float.POSITIVE_INFINITY, -0.0f, 0x1.08p-128f
    };
    try (Workspace workspace = backend.workspace("bfloat16")) {
      Tensor narrow = workspace.tensor(DType.BF16, values.length);
      Tensor wide = workspace.tensor(DType.F32, values.length);
      backend.write(wide, values);
      backend.copy(wide, narrow);
      assertArrayEquals(rounded, backend.readFloats(narrow), "copy");
      backend.fill(wide, Float.NaN);
      backend.copy(narrow, wide);
      assertArrayEquals(rounded, backend.readFloats(wide), "copy back");
      backend.fill(narrow, Float.NaN);
      backend.write(narrow, values);
      assertArrayEquals(rounded, backend.readFloats(narrow), "write");
    }
  }

  @Test
  default void fillSetsEveryElement() {
    for (int size : new int[] {0, 1, 17, 65, 5000}) {
      Tensor tensor = rig().output(size);
      rig().backend().fill(tensor, -2.5f);
      float[] expected = new float[size];
      Arrays.fill(expected, -2.5f);
      assertArrayEquals(expected, rig().get(tensor));
    }
  }

  @Test
  default void tensorsStartOn64BytesAndDoNotOverlap() {
    try (Workspace workspace = rig().backend().workspace("overlap")) {
      int[] sizes = {1, 3, 16, 17, 0, 100_000, 5, 3_000_000, 2, 64};
      List<Tensor> tensors = new ArrayList<>();
      for (int i = 0; i < sizes.length; i++) {
        Tensor tensor = workspace.tensor(DType.F32, sizes[i]);
        assertEquals(0, tensor.memory().address() % 64);
        rig().backend().fill(tensor, i);
        tensors.add(tensor);
      }
      for (int i = 0; i < sizes.length; i++) {
        float[] expected = new float[sizes[i]];
        Arrays.fill(expected, i);
        assertArrayEquals(expected, rig().get(tensors.get(i)), "tensor " + i);
      }
    }
  }

  @Test
  default void zerosAreZeroInUsedMemory() {
    try (Workspace workspace = rig().backend().workspace("zeros")) {
      for (int round = 0; round < 2; round++) {
        Tensor zeros = workspace.zeros(DType.F32, 33, 7);
        assertArrayEquals(new float[33 * 7], rig().get(zeros));
        rig().backend().fill(zeros, 9);
        workspace.reset();
      }
    }
  }

  @Test
  default void releaseTakesBackWhatCameAfterTheMark() {
    try (Workspace workspace = rig().backend().workspace("marks")) {
      assertEquals(0, workspace.bytesUsed());
      Tensor kept = workspace.tensor(DType.F32, 1000);
      rig().backend().fill(kept, 1);
      long used = workspace.bytesUsed();
      assertTrue(used >= 4000, "bytes used: " + used);
      long mark = workspace.mark();
      for (int round = 0; round < 3; round++) {
        rig().backend().fill(workspace.tensor(DType.F32, 500), 2);
        rig().backend().fill(workspace.tensor(DType.F32, 2_000_000), 3);
        assertTrue(workspace.bytesUsed() >= used + 4 * 2_000_500L);
        workspace.release(mark);
        assertEquals(used, workspace.bytesUsed(), "after the release");
      }
      float[] ones = new float[1000];
      Arrays.fill(ones, 1);
      assertArrayEquals(ones, rig().get(kept), "what came before the mark");
      long peak = workspace.bytesPeak();
      assertTrue(peak >= used + 4 * 2_000_500L && peak < 2 * (used + 4 * 2_000_500L));
      workspace.reset();
      assertEquals(0, workspace.bytesUsed());
      assertEquals(peak, workspace.bytesPeak());
    }
  }

  /**
   * Otherwise a training loop's memory would grow with every micro-batch. After the first round a
   * workspace may lay out anew what it has.
   */
  @Test
  default void roundsAlikeUseTheSameMemory() {
    try (Workspace workspace = rig().backend().workspace("rounds")) {
      List<Long> first = new ArrayList<>();
      for (int round = 0; round < 4; round++) {
        List<Long> addresses = new ArrayList<>();
        for (int size : new int[] {10, 400_000, 3, 900_000, 17}) {
          addresses.add(workspace.tensor(DType.F32, size).memory().address());
        }
        first = round < 2 ? addresses : first;
        assertEquals(first, addresses);
        workspace.reset();
      }
    }
  }
}
