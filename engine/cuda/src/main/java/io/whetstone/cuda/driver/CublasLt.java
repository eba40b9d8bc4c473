package io.whetstone.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * What is used of NVIDIA's matrix products, libcublasLt (cublasLt.h). Matrices are column-major, as
 * there.
 */
public final class CublasLt implements AutoCloseable {
  /** An element's type: float. */
  public static final int FLOAT = 0;

  /** An element's type: bfloat16. */
  public static final int BFLOAT16 = 14;

  private static final int COMPUTE_FLOAT = 68;
  private static final int TRANSPOSE_A = 3;
  private static final int TRANSPOSE_B = 4;
  private static final int PREFERENCE_WORKSPACE_BYTES = 1;
  private static final int PREFERENCE_REDUCTION_SCHEMES = 3;
  private static final int PREFERENCE_ALIGNMENT_A = 5;
  private static final int SPLIT_K = 2;
  private static final int REDUCTION_SCHEME = 3;
  private static final long ALGORITHM_BYTES = 64;
  private static final long RESULT_BYTES = 96;
  private static final long RESULT_WORKSPACE = 64;
  private static final long RESULT_STATE = 72;

  private final NativeLibrary library;
  private final MemorySegment matmul;
  private final MemorySegment setLayout;
  private final long version;
  private final long handle;

  CublasLt(NativeLibrary library) {
    this.library = library;
    matmul = library.function("cublasLtMatmul");
    setLayout = library.function("cublasLtMatrixLayoutSetAttribute");
    version = Native.size(library.function("cublasLtGetVersion"));
    handle = 0;
  }

  private CublasLt(CublasLt unopened) {
    library = unopened.library;
    matmul = unopened.matmul;
    setLayout = unopened.setLayout;
    version = unopened.version;
    handle = created("cublasLtCreate");
  }

  /** A handle on the context that is the calling thread's. */
  public CublasLt open() {
    return new CublasLt(this);
  }

  /** Where the library lies. */
  public String file() {
    return library.file();
  }

  /** The CUDA it belongs to: 12, 13. */
  public int major() {
    return (int) (version / 10_000);
  }

  /** {@code 12.8.4}. */
  public String version() {
    return version / 10_000 + "." + version / 100 % 100 + "." + version % 100;
  }

  private void check(String function, int code) {
    if (code != 0) {
      throw new CudaException(
          function, code, Native.text(library.function("cublasLtGetStatusString"), code));
    }
  }

  private long created(String function) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment created = arena.allocate(JAVA_LONG);
      check(function, Native.call(library.function(function), created.address()));
      return created.get(JAVA_LONG, 0);
    }
  }

  private void destroy(String function, long what) {
    check(function, Native.call(library.function(function), what));
  }

  private void set(String function, long what, int attribute, MemorySegment value) {
    check(
        function,
        Native.call(
            library.function(function), what, attribute, value.address(), value.byteSize()));
  }

  /** A product with float sums of op(A) op(B): each transposed or not. */
  public long createProduct(boolean transposeA, boolean transposeB) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment product = arena.allocate(JAVA_LONG);
      check(
          "cublasLtMatmulDescCreate",
          Native.call(
              library.function("cublasLtMatmulDescCreate"),
              product.address(),
              COMPUTE_FLOAT,
              FLOAT));
      long made = product.get(JAVA_LONG, 0);
      String set = "cublasLtMatmulDescSetAttribute";
      set(set, made, TRANSPOSE_A, arena.allocateFrom(JAVA_INT, transposeA ? 1 : 0));
      set(set, made, TRANSPOSE_B, arena.allocateFrom(JAVA_INT, transposeB ? 1 : 0));
      return made;
    }
  }

  public void destroyProduct(long product) {
    destroy("cublasLtMatmulDescDestroy", product);
  }

  /** A layout of one element. */
  long createLayout(int type) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment layout = arena.allocate(JAVA_LONG);
      check(
          "cublasLtMatrixLayoutCreate",
          Native.call(
              library.function("cublasLtMatrixLayoutCreate"), layout.address(), type, 1L, 1L, 1L));
      return layout.get(JAVA_LONG, 0);
    }
  }

  void setLayout(long layout, int attribute, MemorySegment value) {
    check(
        "cublasLtMatrixLayoutSetAttribute",
        Native.call(setLayout, layout, attribute, value.address(), value.byteSize()));
  }

  void destroyLayout(long layout) {
    destroy("cublasLtMatrixLayoutDestroy", layout);
  }

  /**
   * A way to compute a product.
   *
   * @param description the library's own, opaque
   * @param workspaceBytes device memory it needs
   */
  public record Algorithm(MemorySegment description, long workspaceBytes) {}

  /**
   * Ways to compute a product that do not split its sums, the promising ones first.
   *
   * @param alignments bytes that the addresses of A, B, C (which is D) and D are multiples of
   * @param most how many to ask for
   * @param arena what the algorithms live in
   */
  public List<Algorithm> algorithms(
      long product,
      MatrixLayout a,
      MatrixLayout b,
      MatrixLayout d,
      int[] alignments,
      long workspaceBytes,
      int most,
      Arena arena) {
    long preference = created("cublasLtMatmulPreferenceCreate");
    try (Arena scratch = Arena.ofConfined()) {
      String set = "cublasLtMatmulPreferenceSetAttribute";
      MemorySegment bytes = scratch.allocateFrom(JAVA_LONG, workspaceBytes);
      set(set, preference, PREFERENCE_WORKSPACE_BYTES, bytes);
      set(set, preference, PREFERENCE_REDUCTION_SCHEMES, scratch.allocateFrom(JAVA_INT, 0));
      for (int i = 0; i < alignments.length; i++) {
        MemorySegment alignment = scratch.allocateFrom(JAVA_INT, alignments[i]);
        set(set, preference, PREFERENCE_ALIGNMENT_A + i, alignment);
      }
      MemorySegment results = scratch.allocate(RESULT_BYTES * most, Long.BYTES);
      MemorySegment count = scratch.allocate(JAVA_INT);
      int code =
          Native.heuristic(
              library.function("cublasLtMatmulAlgoGetHeuristic"),
              handle,
              product,
              a.handle(),
              b.handle(),
              d.handle(),
              d.handle(),
              preference,
              most,
              results.address(),
              count.address());
      List<Algorithm> found = new ArrayList<>();
      for (int i = 0; code == 0 && i < count.get(JAVA_INT, 0); i++) {
        MemorySegment result = results.asSlice(RESULT_BYTES * i, RESULT_BYTES);
        if (result.get(JAVA_INT, RESULT_STATE) == 0 && splits(result) <= 1) {
          MemorySegment algorithm = arena.allocate(ALGORITHM_BYTES, Long.BYTES);
          algorithm.copyFrom(result.asSlice(0, ALGORITHM_BYTES));
          found.add(new Algorithm(algorithm, result.get(JAVA_LONG, RESULT_WORKSPACE)));
        }
      }
      return found;
    } finally {
      destroy("cublasLtMatmulPreferenceDestroy", preference);
    }
  }

  /** Into how many parts an algorithm cuts the sums. */
  private int splits(MemorySegment algorithm) {
    return Math.max(
        configuration(algorithm, SPLIT_K), configuration(algorithm, REDUCTION_SCHEME) == 0 ? 1 : 2);
  }

  /** An attribute that the algorithm does not have is 0. */
  private int configuration(MemorySegment algorithm, int attribute) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_INT);
      MemorySegment written = arena.allocate(JAVA_LONG);
      int code =
          Native.call(
              library.function("cublasLtMatmulAlgoConfigGetAttribute"),
              algorithm.address(),
              attribute,
              value.address(),
              value.byteSize(),
              written.address());
      return code == 0 ? value.get(JAVA_INT, 0) : 0;
    }
  }

  /** Whether an algorithm serves a product of these layouts. */
  public boolean serves(
      long product, MatrixLayout a, MatrixLayout b, MatrixLayout d, Algorithm algorithm) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment result = arena.allocate(RESULT_BYTES, Long.BYTES);
      int code =
          Native.algorithmCheck(
              library.function("cublasLtMatmulAlgoCheck"),
              handle,
              product,
              a.handle(),
              b.handle(),
              d.handle(),
              d.handle(),
              algorithm.description().address(),
              result.address());
      return code == 0
          && result.get(JAVA_INT, RESULT_STATE) == 0
          && result.get(JAVA_LONG, RESULT_WORKSPACE) <= algorithm.workspaceBytes();
    }
  }

  /**
   * Queues D = op(A) op(B) + beta D.
   *
   * @param alpha the address of a float of the host's that is 1; beta's is like it
   * @param algorithm the address of its description
   */
  public void multiply(
      long product,
      long alpha,
      long a,
      MatrixLayout aLayout,
      long b,
      MatrixLayout bLayout,
      long beta,
      long d,
      MatrixLayout dLayout,
      long algorithm,
      long workspace,
      long workspaceBytes,
      long stream) {
    check(
        "cublasLtMatmul",
        Native.matmul(
            matmul,
            handle,
            product,
            alpha,
            a,
            aLayout.handle(),
            b,
            bLayout.handle(),
            beta,
            d,
            dLayout.handle(),
            d,
            dLayout.handle(),
            algorithm,
            workspace,
            workspaceBytes,
            stream));
  }

  @Override
  public void close() {
    if (handle != 0) {
      destroy("cublasLtDestroy", handle);
    }
  }
}
