package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the conformance suite does not see of products: parts, panels, chunks. */
class ProductsTest {
  /** The stand-in's favourite of the algorithms that do not split sums. */
  private static final int FIRST_ALGORITHM = 21;

  private StandIn standIn;
  private Gpu gpu;
  private CudaWorkspace memory;
  private HostCopies copies;

  @BeforeEach
  void open() {
    standIn = StandIn.fast();
    gpu = standIn.open();
    memory = new CudaWorkspace(gpu, "products", false);
    copies = new HostCopies(gpu);
  }

  @AfterEach
  void close() {
    if (gpu != null) {
      standIn.rowDependent(0);
      memory.close();
      gpu.close();
      assertEquals("", standIn.reports());
    }
  }

  private Products products(long panelBytes) {
    return new Products(gpu, new Elementwise(gpu), new QuantizedWeights(gpu), panelBytes);
  }

  private static float[] normal(int seed, int count) {
    Random random = new Random(seed);
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }

  private Tensor tensor(DType type, float[] numbers, int rows, int columns) {
    Tensor tensor = memory.tensor(type, rows, columns);
    copies.write(tensor, numbers);
    return tensor;
  }

  private float[] forward(Products products, CudaLinear w, Tensor x, int first, int outs) {
    Tensor y = memory.tensor(DType.F32, x.rows(), outs);
    products.forward(
        w,
        DeviceMemory.address(x),
        x.rows(),
        first,
        outs,
        DeviceMemory.address(y),
        DType.F32,
        false);
    return copies.readFloats(y);
  }

  private float[] backward(Products products, CudaLinear w, Tensor dy, DType type) {
    Tensor dx = memory.tensor(type, dy.rows(), w.in());
    products.backwardInput(
        w,
        0,
        dy.columns(),
        DeviceMemory.address(dy),
        dy.rows(),
        DeviceMemory.address(dx),
        type,
        false);
    return copies.readFloats(dx);
  }

  /** A head's logits are made of parts of its vocabulary in training, and whole in sampling. */
  @Test
  void aPartOfTheOutputsHasTheBitsOfTheWhole() {
    int in = 96;
    int out = 130;
    int rows = 5;
    for (DType type : new DType[] {DType.F32, DType.BF16}) {
      Products products = products(1 << 20);
      Tensor x = tensor(type, normal(1, rows * in), rows, in);
      try (CudaLinear w = products.linear(tensor(DType.F32, normal(2, out * in), out, in), type)) {
        float[] whole = forward(products, w, x, 0, out);
        for (int[] part : new int[][] {{0, 64}, {64, 64}, {128, 2}}) {
          float[] got = forward(products, w, x, part[0], part[1]);
          for (int r = 0; r < rows; r++) {
            assertArrayEquals(
                Arrays.copyOfRange(whole, r * out + part[0], r * out + part[0] + part[1]),
                Arrays.copyOfRange(got, r * part[1], (r + 1) * part[1]));
          }
        }
      }
      products.close();
    }
  }

  /** Where one algorithm's rows depend on their number the next serves; where all do, chunks. */
  @Test
  void rowsThatDependOnTheirNumberAreNoticed() {
    int in = 64;
    int out = 48;
    Tensor x = tensor(DType.F32, normal(1, 512 * in), 512, in);
    float[] numbers = normal(2, out * in);
    standIn.rowDependent(FIRST_ALGORITHM);
    try (RowProduct second = new RowProduct(gpu, false, in, out, DType.F32, DType.F32)) {
      rowsAreTheSame(second, x, numbers, in, out);
      assertFalse(second.chunked(), "the second algorithm serves");
    }
  }

  /** A head's logits come in parts in training, and all at once in sampling. */
  @Test
  void outputsThatDependOnTheirNumberAreNoticed() {
    int in = 64;
    int out = 1024;
    Tensor x = tensor(DType.F32, normal(1, 512 * in), 512, in);
    Tensor w = tensor(DType.F32, normal(2, out * in), out, in);
    standIn.outDependent(FIRST_ALGORITHM);
    try (RowProduct second = new RowProduct(gpu, false, in, out, DType.F32, DType.F32)) {
      float[] all = multiply(second, w, x.rows(0, 9), false);
      float[] some = multiply(second, w.rows(0, 128), x.rows(0, 9), false);
      for (int r = 0; r < 9; r++) {
        assertArrayEquals(
            Arrays.copyOfRange(all, r * out, r * out + 128),
            Arrays.copyOfRange(some, r * 128, (r + 1) * 128));
      }
      assertFalse(second.chunked(), "the second algorithm serves");
    }
  }

  /** All rows of it would have more numbers than an int counts, which no algorithm here takes. */
  @Test
  void aLargeVocabularyNeedsNoChunks() {
    int in = 16;
    int out = 151_936;
    Tensor w = memory.zeros(DType.F32, out, in);
    Tensor x = memory.zeros(DType.F32, 3, in);
    try (RowProduct head = new RowProduct(gpu, false, in, out, DType.F32, DType.F32)) {
      multiply(head, w, x, false);
      assertFalse(head.chunked());
    }
  }

  @Test
  void rowsThatAreTooManyForOneProductGoThroughInParts() {
    int in = 40;
    int out = 24;
    Tensor x = tensor(DType.F32, normal(1, 512 * in), 512, in);
    Tensor w = tensor(DType.F32, normal(2, out * in), out, in);
    try (RowProduct whole = new RowProduct(gpu, false, in, out, DType.F32, DType.F32);
        RowProduct parts = new RowProduct(gpu, false, in, out, DType.F32, DType.F32, 150 * in)) {
      assertArrayEquals(multiply(whole, w, x, false), multiply(parts, w, x, false));
      assertArrayEquals(multiply(whole, w, x, true), multiply(parts, w, x, true));
    }
  }

  @Test
  void chunksLeaveARowItsBits() {
    int in = 40;
    int out = 24;
    for (boolean input : new boolean[] {false, true}) {
      int wide = input ? out : in;
      Tensor x = tensor(DType.F32, normal(1, 512 * wide), 512, wide);
      Tensor w = tensor(DType.F32, normal(2, out * in), out, in);
      try (RowProduct chunks = new RowProduct(gpu, input, in, out, DType.F32, DType.F32)) {
        chunks.chunk();
        float[] all = multiply(chunks, w, x, false);
        for (int[] part : new int[][] {{0, 1}, {3, 64}, {100, 65}, {200, 300}}) {
          Tensor some = x.rows(part[0], part[0] + part[1]);
          int high = input ? in : out;
          assertArrayEquals(
              Arrays.copyOfRange(all, part[0] * high, (part[0] + part[1]) * high),
              multiply(chunks, w, some, false));
          float[] twice = multiply(chunks, w, some, true);
          for (int i = 0; i < twice.length; i++) {
            assertEquals(all[part[0] * high + i] + 1, twice[i], 1e-4, "added to ones");
          }
        }
      }
    }
  }

  private void rowsAreTheSame(RowProduct product, Tensor x, float[] numbers, int in, int out) {
    Tensor w = tensor(DType.F32, numbers, out, in);
    float[] all = multiply(product, w, x, false);
    for (int rows : new int[] {1, 2, 64, 65, 200, 400}) {
      assertArrayEquals(
          Arrays.copyOf(all, rows * out), multiply(product, w, x.rows(0, rows), false));
    }
  }

  private float[] multiply(RowProduct product, Tensor w, Tensor x, boolean accumulate) {
    int high = product.high(w.rows());
    Tensor y = memory.tensor(DType.F32, x.rows(), high);
    gpu.queue().fill(DeviceMemory.address(y), Float.floatToRawIntBits(1), y.size());
    product.multiply(
        DeviceMemory.address(w),
        w.rows(),
        DeviceMemory.address(x),
        x.columns(),
        x.rows(),
        DeviceMemory.address(y),
        high,
        accumulate);
    return copies.readFloats(y);
  }

  /** Decoded all at once, or some outputs at a time. */
  @Test
  void panelsOfAQuantisedWeight() {
    int in = 256;
    int out = 200;
    int rows = 3;
    for (DType type : new DType[] {DType.F32, DType.BF16}) {
      Products whole = products(1 << 20);
      Products panels = products(1);
      Tensor master = tensor(DType.Q4_K, normal(3, out * in), out, in);
      Tensor x = tensor(type, normal(4, rows * in), rows, in);
      Tensor dy = tensor(type, normal(5, rows * out), rows, out);
      try (CudaLinear w = whole.linear(master, type)) {
        assertArrayEquals(
            forward(whole, w, x, 0, out), forward(panels, w, x, 0, out), type + " forward");
        for (DType result : new DType[] {DType.F32, type}) {
          float[] expected = backward(whole, w, dy, result);
          float[] got = backward(panels, w, dy, result);
          double bound = result == DType.BF16 ? 0x1p-7 : 1e-5;
          for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], got[i], bound * Math.max(8, Math.abs(expected[i])));
          }
        }
      }
      whole.close();
      panels.close();
    }
  }

  @Test
  void theSumsOfAWeightsGradientDependOnShapesOnly() {
    int in = 40;
    int out = 24;
    int rows = 300;
    Tensor x = tensor(DType.F32, normal(6, rows * in), rows, in);
    Tensor dy = tensor(DType.F32, normal(7, rows * out), rows, out);
    float[][] gradients = new float[2][];
    for (int i = 0; i < 2; i++) {
      Products products = products(1);
      if (i == 1) {
        gradient(products, x.rows(0, 7), dy.rows(0, 7));
        gradient(products, x.rows(0, 257), dy.rows(0, 257));
      }
      gradients[i] = gradient(products, x, dy);
      products.close();
    }
    assertArrayEquals(gradients[0], gradients[1], "what was computed before does not matter");
    assertTrue(gradients[0][0] != 0);
  }

  private float[] gradient(Products products, Tensor x, Tensor dy) {
    Tensor dw = memory.zeros(DType.F32, dy.columns(), x.columns());
    products.backwardWeight(
        DType.F32,
        DeviceMemory.address(x),
        x.columns(),
        DeviceMemory.address(dy),
        dy.columns(),
        x.rows(),
        DeviceMemory.address(dw));
    return copies.readFloats(dw);
  }
}
