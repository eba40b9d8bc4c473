package io.whetstone.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The bindings beside NVIDIA's own headers (cuda.h, nvrtc.h, cublasLt.h): every function that is
 * called, under the name that its current version has, with the kinds of its parameters; every
 * number that is handed over or compared; the layout of what is read. g++ reads the headers.
 */
class NvidiaHeadersTest {
  private static final Path SOURCES = Path.of("src/main/java/io/whetstone/cuda/driver");

  /**
   * A pointer, handle or size is L, an int or enumerator I, a short S; the result's comes first.
   */
  private static final Map<String, String> FUNCTIONS =
      table(
          """
          cuInit I(I)
          cuDriverGetVersion I(L)
          cuGetErrorString I(IL)
          cuDeviceGetCount I(L)
          cuDeviceGet I(LI)
          cuDeviceGetName I(LII)
          cuDeviceGetAttribute I(LII)
          cuDevicePrimaryCtxRetain I(LI)
          cuDevicePrimaryCtxRelease_v2 I(I)
          cuCtxSetCurrent I(L)
          cuStreamCreate I(LI)
          cuStreamDestroy_v2 I(L)
          cuStreamSynchronize I(L)
          cuEventCreate I(LI)
          cuEventDestroy_v2 I(L)
          cuEventRecord I(LL)
          cuEventSynchronize I(L)
          cuDeviceGetDefaultMemPool I(LI)
          cuMemPoolSetAttribute I(LIL)
          cuMemPoolGetAttribute I(LIL)
          cuMemPoolTrimTo I(LL)
          cuMemGetInfo_v2 I(LL)
          cuMemAllocAsync I(LLL)
          cuMemFreeAsync I(LL)
          cuMemHostAlloc I(LLI)
          cuMemFreeHost I(L)
          cuMemcpyHtoDAsync_v2 I(LLLL)
          cuMemcpyDtoHAsync_v2 I(LLLL)
          cuMemcpyDtoDAsync_v2 I(LLLL)
          cuMemsetD32Async I(LILL)
          cuMemsetD16Async I(LSLL)
          cuModuleLoadData I(LL)
          cuModuleUnload I(L)
          cuModuleGetFunction I(LLL)
          cuFuncSetAttribute I(LII)
          cuLaunchKernel I(LIIIIIIILLL)
          cuStreamBeginCapture_v2 I(LI)
          cuStreamEndCapture I(LL)
          cuGraphInstantiateWithFlags I(LLL)
          cuGraphLaunch I(LL)
          cuGraphDestroy I(L)
          cuGraphExecDestroy I(L)
          nvrtcVersion I(LL)
          nvrtcGetErrorString L(I)
          nvrtcGetNumSupportedArchs I(L)
          nvrtcGetSupportedArchs I(L)
          nvrtcCreateProgram I(LLLILL)
          nvrtcCompileProgram I(LIL)
          nvrtcGetProgramLogSize I(LL)
          nvrtcGetProgramLog I(LL)
          nvrtcGetCUBINSize I(LL)
          nvrtcGetCUBIN I(LL)
          nvrtcGetPTXSize I(LL)
          nvrtcGetPTX I(LL)
          nvrtcDestroyProgram I(L)
          cublasLtGetVersion L()
          cublasLtGetStatusString L(I)
          cublasLtCreate I(L)
          cublasLtDestroy I(L)
          cublasLtMatmulDescCreate I(LII)
          cublasLtMatmulDescSetAttribute I(LILL)
          cublasLtMatmulDescDestroy I(L)
          cublasLtMatrixLayoutCreate I(LILLL)
          cublasLtMatrixLayoutSetAttribute I(LILL)
          cublasLtMatrixLayoutDestroy I(L)
          cublasLtMatmulPreferenceCreate I(L)
          cublasLtMatmulPreferenceSetAttribute I(LILL)
          cublasLtMatmulPreferenceDestroy I(L)
          cublasLtMatmulAlgoGetHeuristic I(LLLLLLLILL)
          cublasLtMatmulAlgoCheck I(LLLLLLLL)
          cublasLtMatmulAlgoConfigGetAttribute I(LILLL)
          cublasLtMatmul I(LLLLLLLLLLLLLLLL)
          """);

  /** A class's constant, and what it is in C. */
  private static final Map<String, String> NUMBERS =
      table(
          """
          Driver.OUT_OF_MEMORY CUDA_ERROR_OUT_OF_MEMORY
          Driver.FIRST_OF_KERNELS CUDA_ERROR_ILLEGAL_ADDRESS
          Driver.LAST_OF_KERNELS CUDA_ERROR_LAUNCH_FAILED
          Driver.MULTIPROCESSORS CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT
          Driver.COMPUTE_CAPABILITY_MAJOR CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
          Driver.COMPUTE_CAPABILITY_MINOR CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR
          Driver.SHARED_MEMORY_PER_BLOCK_OPT_IN CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
          Driver.MEMORY_POOLS_SUPPORTED CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED
          Driver.DYNAMIC_SHARED_BYTES CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
          Driver.RELEASE_THRESHOLD CU_MEMPOOL_ATTR_RELEASE_THRESHOLD
          Driver.RESERVED_BYTES CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT
          Driver.USED_BYTES CU_MEMPOOL_ATTR_USED_MEM_CURRENT
          Driver.STREAM_NON_BLOCKING CU_STREAM_NON_BLOCKING
          Driver.EVENT_DISABLE_TIMING CU_EVENT_DISABLE_TIMING
          Driver.CAPTURE_THREAD_LOCAL CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
          Driver.PORTABLE CU_MEMHOSTALLOC_PORTABLE
          Driver.MAPPED CU_MEMHOSTALLOC_DEVICEMAP
          Libraries.NO_DEVICE CUDA_ERROR_NO_DEVICE
          Libraries.STUB CUDA_ERROR_STUB_LIBRARY
          Libraries.NOT_READY CUDA_ERROR_SYSTEM_NOT_READY
          Libraries.MISMATCH CUDA_ERROR_SYSTEM_DRIVER_MISMATCH
          Libraries.NOT_COMPATIBLE CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE
          CublasLt.FLOAT CUDA_R_32F
          CublasLt.BFLOAT16 CUDA_R_16BF
          CublasLt.COMPUTE_FLOAT CUBLAS_COMPUTE_32F
          CublasLt.TRANSPOSE_A CUBLASLT_MATMUL_DESC_TRANSA
          CublasLt.TRANSPOSE_B CUBLASLT_MATMUL_DESC_TRANSB
          CublasLt.PREFERENCE_WORKSPACE_BYTES CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES
          CublasLt.PREFERENCE_REDUCTION_SCHEMES CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK
          CublasLt.PREFERENCE_ALIGNMENT_A CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES
          CublasLt.SPLIT_K CUBLASLT_ALGO_CONFIG_SPLITK_NUM
          CublasLt.REDUCTION_SCHEME CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME
          CublasLt.ALGORITHM_BYTES sizeof(cublasLtMatmulAlgo_t)
          CublasLt.RESULT_BYTES sizeof(cublasLtMatmulHeuristicResult_t)
          CublasLt.RESULT_WORKSPACE offsetof(cublasLtMatmulHeuristicResult_t,workspaceSize)
          CublasLt.RESULT_STATE offsetof(cublasLtMatmulHeuristicResult_t,state)
          MatrixLayout.ROWS CUBLASLT_MATRIX_LAYOUT_ROWS
          MatrixLayout.COLUMNS CUBLASLT_MATRIX_LAYOUT_COLS
          MatrixLayout.STRIDE CUBLASLT_MATRIX_LAYOUT_LD
          """);

  /** What is written in the code as a number of its own. */
  private static final Map<String, String> OTHERS =
      table(
          """
          CUDA_SUCCESS 0
          NVRTC_SUCCESS 0
          CUBLAS_STATUS_SUCCESS 0
          CUBLAS_OP_N 0
          CUBLAS_OP_T 1
          CUBLASLT_REDUCTION_SCHEME_NONE 0
          CUBLASLT_POINTER_MODE_HOST 0
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES-CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES 3
          sizeof(CUdeviceptr) 8
          sizeof(CUdevice) 4
          sizeof(cuuint64_t) 8
          """);

  /** How the sources look functions up. */
  private static final Pattern LOOKED_UP =
      Pattern.compile(
          "(?:function|handle|release|integer|created|destroy)\\(\\s*\"(\\w+)\""
              + "|String (?:set|function) = \"(\\w+)\"");

  private static final String PROGRAM =
      """
      #include <cublasLt.h>
      #include <cuda.h>
      #include <nvrtc.h>
      #include <cstddef>
      #include <cstdio>
      template <typename T> char kind() {
        return sizeof(T) == 8 ? 'L' : sizeof(T) == 4 ? 'I' : sizeof(T) == 2 ? 'S' : '?';
      }
      template <typename F> struct Function;
      template <typename R, typename... P> struct Function<R (*)(P...)> {
        static void print(const char* name, const char* current) {
          char kinds[] = {kind<P>()..., 0};
          printf("%s %s %c(%s)\\n", name, current, kind<R>(), kinds);
        }
      };
      #define TEXT_(x) #x
      #define TEXT(x) TEXT_(x)
      int main() {
      """;

  /** A header that pip's packages leave out: marks that say nothing to a host's compiler. */
  private static final String MARKS =
      """
      #define __host__
      #define __device__
      #define __global__
      #define __device_builtin__
      #define __cudart_builtin__
      #define __device_builtin_texture_type__
      #define __device_builtin_surface_type__
      #define __forceinline__ inline
      #define __builtin_align__(n) __attribute__((aligned(n)))
      #define __align__(n) __attribute__((aligned(n)))
      #define CUDARTAPI
      """;

  @TempDir Path place;

  /** Lines of a name and what belongs to it. */
  private static Map<String, String> table(String lines) {
    Map<String, String> table = new TreeMap<>();
    for (String line : lines.lines().toList()) {
      table.put(line.substring(0, line.indexOf(' ')), line.substring(line.indexOf(' ') + 1));
    }
    return table;
  }

  /** Directories of a toolkit's headers, or of those that pip's packages bring. */
  private static List<Path> headers() throws IOException {
    List<Path> found = new ArrayList<>();
    SearchPath path = SearchPath.usual(System.getenv(), Path.of("/"));
    for (Path libraries : Stream.concat(path.before().stream(), path.after().stream()).toList()) {
      Path directory = libraries.resolveSibling("include");
      if (Files.exists(directory.resolve("cublasLt.h"))
          || Files.exists(directory.resolve("cuda.h"))
          || Files.exists(directory.resolve("nvrtc.h"))) {
        found.add(directory);
      }
    }
    return found;
  }

  private static boolean there(List<Path> directories, String header) {
    return directories.stream().anyMatch(each -> Files.exists(each.resolve(header)));
  }

  private static void notRun(String why) {
    System.out.println("NOT RUN: bindings beside NVIDIA's headers: " + why);
    assumeTrue(false, why);
  }

  /** What a program that is compiled with the headers prints. */
  private List<String> answers(String body) throws IOException, InterruptedException {
    List<Path> headers = headers();
    for (String header : List.of("cuda.h", "nvrtc.h", "cublasLt.h")) {
      if (!there(headers, header)) {
        notRun("there is no " + header + " in a toolkit or $VIRTUAL_ENV");
      }
    }
    Path source = place.resolve("headers.cpp");
    Path program = place.resolve("headers");
    Files.writeString(source, PROGRAM + body + "}\n");
    Path marks = Files.createDirectories(place.resolve("marks/crt"));
    Files.writeString(marks.resolve("host_defines.h"), MARKS);
    List<String> command =
        new ArrayList<>(List.of("g++", "-std=c++17", "-w", "-o", program.toString()));
    headers.forEach(directory -> command.add("-I" + directory));
    command.add("-idirafter" + marks.getParent());
    command.add(source.toString());
    try {
      assertEquals("", said(command));
    } catch (IOException e) {
      notRun("there is no g++");
    }
    return said(List.of(program.toString())).lines().toList();
  }

  private static String said(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes());
    process.waitFor();
    return said;
  }

  @Test
  void functionsAreThoseOfTheHeaders() throws Exception {
    StringBuilder body = new StringBuilder();
    List<String> expected = new ArrayList<>();
    FUNCTIONS.forEach(
        (name, kinds) -> {
          String base = name.replaceAll("_v\\d+$", "");
          body.append(
              "  Function<decltype(&%s)>::print(\"%s\", TEXT(%s));\n".formatted(name, name, base));
          expected.add(name + " " + name + " " + kinds);
        });
    assertEquals(expected, answers(body.toString()));
  }

  @Test
  void numbersAreThoseOfTheHeaders() throws Exception {
    StringBuilder body = new StringBuilder();
    List<String> expected = new ArrayList<>();
    for (Map.Entry<String, String> number : NUMBERS.entrySet()) {
      print(body, number.getKey(), number.getValue());
      expected.add(number.getKey() + " " + value(number.getKey()));
    }
    OTHERS.forEach(
        (expression, number) -> {
          print(body, expression, expression);
          expected.add(expression + " " + number);
        });
    assertEquals(expected, answers(body.toString()));
  }

  private static void print(StringBuilder body, String name, String expression) {
    body.append(
        "  printf(\"%%s %%lld\\n\", \"%s\", (long long)(%s));\n".formatted(name, expression));
  }

  private static long value(String constant) throws ReflectiveOperationException {
    String[] names = constant.split("\\.");
    Class<?> type = Class.forName(NvidiaHeadersTest.class.getPackageName() + "." + names[0]);
    Field field = type.getDeclaredField(names[1]);
    field.setAccessible(true);
    return ((Number) field.get(null)).longValue();
  }

  /** Also where there are no headers. */
  @Test
  void everyFunctionThatIsLookedUpIsInTheTable() throws IOException {
    TreeSet<String> missing = new TreeSet<>();
    int found = 0;
    try (Stream<Path> files = Files.list(SOURCES)) {
      for (Path file : files.toList()) {
        Matcher lookups = LOOKED_UP.matcher(Files.readString(file));
        while (lookups.find()) {
          String name = lookups.group(1) != null ? lookups.group(1) : lookups.group(2);
          found++;
          if (!FUNCTIONS.containsKey(name)) {
            missing.add(name);
          }
        }
      }
    }
    assertTrue(found > 60, "the sources look " + found + " functions up");
    assertEquals(new TreeSet<>(), missing);
  }
}
