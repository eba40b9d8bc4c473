package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;

/**
 * oneDNN's C interface: JavaCPP brings and loads the library, calls go through the foreign linker.
 *
 * <p>Handles are plain addresses here, 0 for none. oneDNN's own threads are OpenMP's, which wait
 * busily for more work and would take the processors from our workers; so every thread that calls
 * asks OpenMP for one thread.
 */
final class OneDnn {
  private static final int CPU = 1;
  private static final int IN_ORDER_STREAM = 1;

  /** AVX-512 and its instructions for bfloat16. */
  private static final int BF16_INSTRUCTIONS = 0xe7;

  /** What has half-precision arithmetic too, but no matrix unit. */
  private static final int AVX512_FP16 = 0x1ef;

  private static final int BF16_TYPE = 2;
  private static final int F32_TYPE = 3;
  private static final int ANY_LAYOUT = 1;
  private static final int QUERY_WEIGHTS = 131;
  private static final int QUERY_SCRATCHPAD = 136;
  private static final int USER_SCRATCHPAD = 1;
  private static final int MATRIX = 2;

  /** The library's functions; loading this class loads the library. */
  private static final class Library {
    static final SymbolLookup SYMBOLS = load();
    static final MethodHandle EXECUTE =
        handle(
            "dnnl_primitive_execute",
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_LONG);
    static final MethodHandle SET_DATA =
        handle("dnnl_memory_set_data_handle", ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG);
    static final MethodHandle SET_THREADS =
        Linker.nativeLinker()
            .downcallHandle(
                SYMBOLS.findOrThrow("omp_set_num_threads"),
                FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));

    private static SymbolLookup load() {
      Loader.load(org.bytedeco.dnnl.global.dnnl.class);
      return SymbolLookup.loaderLookup();
    }

    static MethodHandle handle(String function, MemoryLayout... arguments) {
      return Linker.nativeLinker()
          .downcallHandle(
              SYMBOLS.findOrThrow(function),
              FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
    }
  }

  private final Map<String, MethodHandle> functions = new ConcurrentHashMap<>();
  private final long engine;

  private OneDnn() {
    engine = create("dnnl_engine_create", CPU, 0L);
  }

  /**
   * Loads the library.
   *
   * @throws IllegalStateException where there is none for this machine
   */
  static OneDnn open() {
    try {
      return new OneDnn();
    } catch (LinkageError | RuntimeException e) {
      throw new IllegalStateException("oneDNN cannot be loaded: " + reason(e), e);
    }
  }

  /** The first line of what lies at the bottom. */
  private static String reason(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause.toString().lines().findFirst().orElseThrow();
  }

  /** As "3.11.0 AVX512_CORE_BF16". */
  String version() {
    MemorySegment version =
        MemorySegment.ofAddress(word("dnnl_version")).reinterpret(3L * Integer.BYTES);
    return Stream.of(0, 1, 2)
            .map(i -> String.valueOf(version.getAtIndex(ValueLayout.JAVA_INT, i)))
            .reduce((a, b) -> a + "." + b)
            .orElseThrow()
        + " "
        + instructionSet(status("dnnl_get_effective_cpu_isa"));
  }

  private static String instructionSet(int code) {
    return switch (code) {
      case 0x1 -> "SSE4.1";
      case 0x3 -> "AVX";
      case 0x7 -> "AVX2";
      case 0xf, 0x1f -> "AVX2-VNNI";
      case 0x27 -> "AVX-512";
      case 0x67 -> "AVX-512-VNNI";
      case 0xe7 -> "AVX-512-BF16";
      case 0x1ef -> "AVX-512-FP16";
      case 0xfef, 0x1fef -> "AMX";
      default -> "instruction set " + Integer.toHexString(code);
    };
  }

  /** Whether the processor multiplies bfloat16 numbers itself; emulation is slower than F32. */
  boolean multipliesBfloat16() {
    return (status("dnnl_get_effective_cpu_isa") & BF16_INSTRUCTIONS) == BF16_INSTRUCTIONS;
  }

  /**
   * Whether F32 multiply-adds are faster than the processor's own products of bfloat16 numbers.
   * That is so where AVX-512-FP16 is there without AMX, an Intel Sapphire Rapids or later whose
   * matrix unit is not to be had: 57 G of them a second and core were measured, and 100 G in F32;
   * others make twice as many as in F32. A rule, not a timing at start: a gradient's bits depend on
   * it, and the instruction set is recorded with a run.
   */
  boolean bfloat16IsSlow() {
    return status("dnnl_get_effective_cpu_isa") == AVX512_FP16;
  }

  /** Makes the calling thread's products run on itself alone. */
  static void useOneThread() {
    try {
      Library.SET_THREADS.invokeExact(1);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** A description of a matrix whose elements lie these numbers of elements apart. */
  long matrix(DType type, long rows, long columns, long rowStride, long columnStride) {
    try (Arena arena = Arena.ofConfined()) {
      long extents = arena.allocateFrom(ValueLayout.JAVA_LONG, rows, columns).address();
      long strides = arena.allocateFrom(ValueLayout.JAVA_LONG, rowStride, columnStride).address();
      return create("dnnl_memory_desc_create_with_strides", MATRIX, extents, code(type), strides);
    }
  }

  /** A description of a matrix whose layout the product may choose. */
  long matrixOfAnyLayout(DType type, long rows, long columns) {
    try (Arena arena = Arena.ofConfined()) {
      long extents = arena.allocateFrom(ValueLayout.JAVA_LONG, rows, columns).address();
      return create("dnnl_memory_desc_create_with_tag", MATRIX, extents, code(type), ANY_LAYOUT);
    }
  }

  /** A description of its own, for one that belongs to a primitive. */
  long cloneMatrix(long matrix) {
    return create("dnnl_memory_desc_clone", matrix);
  }

  /** Bytes that a matrix takes, padding of its layout included. */
  long bytes(long matrix) {
    return word("dnnl_memory_desc_get_size", matrix);
  }

  /** The description of a product C = A B, or C += A B; its scratchpad is the caller's. */
  long product(long a, long b, long c, boolean accumulate) {
    long attributes = create("dnnl_primitive_attr_create");
    try {
      check(
          "dnnl_primitive_attr_set_scratchpad_mode",
          status("dnnl_primitive_attr_set_scratchpad_mode", attributes, USER_SCRATCHPAD));
      if (accumulate) {
        long operations = create("dnnl_post_ops_create");
        check("dnnl_post_ops_append_sum", status("dnnl_post_ops_append_sum", operations, 1f, 0, 0));
        check(
            "dnnl_primitive_attr_set_post_ops",
            status("dnnl_primitive_attr_set_post_ops", attributes, operations));
        status("dnnl_post_ops_destroy", operations);
      }
      return create("dnnl_matmul_primitive_desc_create", engine, a, b, 0L, c, attributes);
    } finally {
      status("dnnl_primitive_attr_destroy", attributes);
    }
  }

  /** The description of a copy from one layout to another. */
  long reorder(long from, long to) {
    return create("dnnl_reorder_primitive_desc_create", from, engine, to, engine, 0L);
  }

  /** The layout that a product wants B in; belongs to the product's description. */
  long chosenLayout(long product) {
    return word("dnnl_primitive_desc_query_md", product, QUERY_WEIGHTS, 0);
  }

  /** The scratchpad that a primitive wants; belongs to its description. */
  long scratchpad(long description) {
    return word("dnnl_primitive_desc_query_md", description, QUERY_SCRATCHPAD, 0);
  }

  long primitive(long description) {
    return create("dnnl_primitive_create", description);
  }

  /** A memory object of this description, without memory yet. */
  long memory(long matrix) {
    return create("dnnl_memory_create", matrix, engine, 0L);
  }

  long stream() {
    return create("dnnl_stream_create", engine, IN_ORDER_STREAM);
  }

  void destroyMatrix(long matrix) {
    status("dnnl_memory_desc_destroy", matrix);
  }

  void destroyDescription(long description) {
    status("dnnl_primitive_desc_destroy", description);
  }

  void destroyPrimitive(long primitive) {
    status("dnnl_primitive_destroy", primitive);
  }

  void destroyMemory(long memory) {
    status("dnnl_memory_destroy", memory);
  }

  void destroyStream(long stream) {
    status("dnnl_stream_destroy", stream);
  }

  void close() {
    status("dnnl_engine_destroy", engine);
  }

  /** Points a memory object at its numbers. */
  static void point(long memory, long address) {
    int status;
    try {
      status = (int) Library.SET_DATA.invokeExact(memory, address);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    check("dnnl_memory_set_data_handle", status);
  }

  /** Runs a primitive; {@code arguments} is an array of {@code count} dnnl_exec_arg_t. */
  static void execute(long primitive, long stream, int count, long arguments) {
    int status;
    try {
      status = (int) Library.EXECUTE.invokeExact(primitive, stream, count, arguments);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    check("dnnl_primitive_execute", status);
  }

  /** Calls a function whose first parameter is where it writes the new object's handle. */
  private long create(String function, Object... arguments) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = arena.allocate(ValueLayout.JAVA_LONG);
      Object[] all = new Object[arguments.length + 1];
      all[0] = handle.address();
      System.arraycopy(arguments, 0, all, 1, arguments.length);
      check(function, status(function, all));
      return handle.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  private int status(String function, Object... arguments) {
    return (int) call(function, ValueLayout.JAVA_INT, arguments);
  }

  private long word(String function, Object... arguments) {
    return (long) call(function, ValueLayout.JAVA_LONG, arguments);
  }

  /** For functions that are called seldom; the parameters' types are the arguments'. */
  private Object call(String function, MemoryLayout result, Object... arguments) {
    MethodHandle handle =
        functions.computeIfAbsent(function, name -> spreading(name, result, arguments));
    try {
      return (Object) handle.invokeExact(arguments);
    } catch (Error | RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** A handle that takes its arguments as an array. */
  private static MethodHandle spreading(String function, MemoryLayout result, Object[] arguments) {
    MemoryLayout[] layouts =
        Arrays.stream(arguments)
            .map(
                argument ->
                    switch (argument) {
                      case Long l -> ValueLayout.JAVA_LONG;
                      case Float f -> ValueLayout.JAVA_FLOAT;
                      default -> ValueLayout.JAVA_INT;
                    })
            .toArray(MemoryLayout[]::new);
    return Linker.nativeLinker()
        .downcallHandle(
            Library.SYMBOLS.findOrThrow(function), FunctionDescriptor.of(result, layouts))
        .asSpreader(Object[].class, arguments.length)
        .asType(MethodType.methodType(Object.class, Object[].class));
  }

  private static int code(DType type) {
    return switch (type) {
      case F32 -> F32_TYPE;
      case BF16 -> BF16_TYPE;
      default -> throw new IllegalArgumentException("no products of " + type);
    };
  }

  private static void check(String function, int status) {
    if (status != 0) {
      throw new IllegalStateException("oneDNN: " + function + " failed with status " + status);
    }
  }
}
