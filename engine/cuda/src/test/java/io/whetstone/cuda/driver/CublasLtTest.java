package io.whetstone.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * NVIDIA's own cuBLASLt, where it is installed: what it does without a GPU. It refuses attributes
 * that it does not know, and values of another size than theirs.
 */
class CublasLtTest {
  private static final int TRANSPOSE_A = 3;
  private static final int TRANSPOSE_B = 4;
  private static final int ROWS = 2;
  private static final int COLUMNS = 3;
  private static final int STRIDE = 4;

  private static NativeLibrary library() {
    List<String> names = List.of("libcublasLt.so.13", "libcublasLt.so.12");
    Optional<NativeLibrary> found =
        SearchPath.usual(System.getenv(), Path.of("/")).load(names, new ArrayList<>());
    if (found.isEmpty()) {
      System.out.println("NOT RUN: NVIDIA's cuBLASLt: it is not in a toolkit or $VIRTUAL_ENV");
    }
    assumeTrue(found.isPresent(), "no cuBLASLt");
    return found.get();
  }

  /** The number that an attribute has, of so many bytes. */
  private static long attribute(
      NativeLibrary library, String function, long of, int attribute, long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_LONG);
      MemorySegment written = arena.allocate(JAVA_LONG);
      int code =
          Native.call(
              library.function(function), of, attribute, value.address(), bytes, written.address());
      assertEquals(0, code, function + " of " + attribute);
      assertEquals(bytes, written.get(JAVA_LONG, 0), function + " of " + attribute);
      return bytes == Integer.BYTES ? value.get(JAVA_INT, 0) : value.get(JAVA_LONG, 0);
    }
  }

  @Test
  void itTakesWhatTheBindingsSay() {
    NativeLibrary library = library();
    CublasLt products = new CublasLt(library);
    assertTrue(products.major() == 12 || products.major() == 13, products.version());
    try (Arena arena = Arena.ofConfined()) {
      long product = products.createProduct(true, false);
      String get = "cublasLtMatmulDescGetAttribute";
      assertEquals(1, attribute(library, get, product, TRANSPOSE_A, Integer.BYTES));
      assertEquals(0, attribute(library, get, product, TRANSPOSE_B, Integer.BYTES));
      MatrixLayout a = new MatrixLayout(products, CublasLt.BFLOAT16, arena).shape(64, 96, 64);
      MatrixLayout b = new MatrixLayout(products, CublasLt.BFLOAT16, arena).shape(64, 32, 72);
      MatrixLayout d = new MatrixLayout(products, CublasLt.FLOAT, arena).shape(96, 32, 100);
      get = "cublasLtMatrixLayoutGetAttribute";
      assertEquals(64, attribute(library, get, b.handle(), ROWS, Long.BYTES));
      assertEquals(32, attribute(library, get, b.handle(), COLUMNS, Long.BYTES));
      assertEquals(72, attribute(library, get, b.handle(), STRIDE, Long.BYTES));
      // Every preference is taken; without a handle, so without a GPU, there is no algorithm.
      int[] alignments = {16, 8, 4, 4};
      assertEquals(
          List.of(), products.algorithms(product, a, b, d, alignments, 32L << 20, 8, arena));
      a.close();
      b.close();
      d.close();
      products.destroyProduct(product);
    }
  }

  @Test
  void itRefusesWhatItDoesNotKnow() {
    CublasLt products = new CublasLt(library());
    try (Arena arena = Arena.ofConfined()) {
      long layout = products.createLayout(CublasLt.FLOAT);
      for (MemorySegment value :
          List.of(arena.allocateFrom(JAVA_INT, 8), arena.allocateFrom(JAVA_LONG, 8, 8))) {
        String message =
            assertThrows(CudaException.class, () -> products.setLayout(layout, ROWS, value))
                .getMessage();
        assertTrue(message.startsWith("cublasLtMatrixLayoutSetAttribute failed: "), message);
      }
      MemorySegment eight = arena.allocateFrom(JAVA_LONG, 8);
      assertThrows(CudaException.class, () -> products.setLayout(layout, 99, eight));
      products.setLayout(layout, ROWS, eight);
      products.destroyLayout(layout);
    }
  }
}
