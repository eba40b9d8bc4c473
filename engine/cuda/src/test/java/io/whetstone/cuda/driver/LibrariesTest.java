package io.whetstone.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where libraries are looked for, and what is said when they are not there. */
class LibrariesTest {
  /** What the driver's functions are, whatever they take: none of them is asked for more. */
  private static final String DRIVER =
      """
      extern "C" int cuInit(unsigned) { return CODE; }
      extern "C" int cuDriverGetVersion(int* version) { *version = VERSION; return 0; }
      extern "C" int cuGetErrorString(int, const char** text) { *text = "made up"; return 0; }
      #define NAMED(name) extern "C" int name() { return 999; }
      NAMED(cuCtxSetCurrent) NAMED(cuStreamSynchronize) NAMED(cuEventRecord)
      NAMED(cuEventSynchronize) NAMED(cuMemAllocAsync) NAMED(cuMemFreeAsync)
      NAMED(cuMemcpyHtoDAsync_v2) NAMED(cuMemcpyDtoHAsync_v2) NAMED(cuMemcpyDtoDAsync_v2)
      NAMED(cuMemsetD32Async) NAMED(cuMemsetD16Async) NAMED(cuGraphLaunch)
      #ifndef OLD
      NAMED(cuLaunchKernel)
      #endif
      """;

  private static final String COMPILER =
      """
      extern "C" int nvrtcVersion(int* major, int* minor) { *major = MAJOR; *minor = 4; return 0; }
      """;

  private static final String PRODUCTS =
      """
      extern "C" unsigned long cublasLtGetVersion() { return MAJOR * 10000ul + 304; }
      extern "C" int cublasLtMatmul() { return 14; }
      extern "C" int cublasLtMatrixLayoutSetAttribute() { return 14; }
      """;

  @TempDir Path place;

  private void library(String name, String source, String... defines)
      throws IOException, InterruptedException {
    Path file = place.resolve(name + ".cpp");
    Files.writeString(file, source);
    List<String> command =
        new ArrayList<>(List.of("g++", "-shared", "-fPIC", "-o", place.resolve(name).toString()));
    for (String define : defines) {
      command.add("-D" + define);
    }
    command.add(file.toString());
    try {
      Process compiler = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(compiler.getInputStream().readAllBytes());
      assertEquals(0, compiler.waitFor(), output);
      Files.delete(file);
    } catch (IOException e) {
      System.out.println("NOT RUN: libraries that play NVIDIA's: there is no g++");
      assumeTrue(false, "no g++");
    }
  }

  private Libraries find() {
    SearchPath here = SearchPath.only(place.toString());
    return Libraries.find(here, here);
  }

  private String failure() {
    return assertThrows(IllegalStateException.class, this::find).getMessage();
  }

  private static void says(String message, String... parts) {
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  @Test
  void placesComeInTheirOrder() throws Exception {
    for (String directory :
        List.of(
            "usr/local/cuda-12.8/lib64",
            "usr/local/cuda-13.0/lib64",
            "venv/lib/python3.12/site-packages/nvidia/cu13/lib",
            "venv/lib/python3.12/site-packages/nvidia/cublas/lib",
            "home/.local/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib",
            "usr/lib/python3.11/dist-packages/nvidia/cublas/lib",
            "usr/lib/python3.11/dist-packages/nvidia/empty")) {
      Files.createDirectories(place.resolve(directory));
    }
    Map<String, String> environment =
        Map.of(
            "CUDA_HOME", "/opt/cuda",
            "VIRTUAL_ENV", place.resolve("venv").toString(),
            "HOME", place.resolve("home").toString());
    SearchPath path = SearchPath.usual(environment, place);
    assertEquals(List.of(Path.of("/opt/cuda/lib64"), Path.of("/opt/cuda/lib")), path.before());
    assertTrue(path.loader());
    assertEquals(
        List.of(
            "usr/local/cuda-13.0/lib64",
            "usr/local/cuda-12.8/lib64",
            "venv/lib",
            "venv/lib/python3.12/site-packages/nvidia/cublas/lib",
            "venv/lib/python3.12/site-packages/nvidia/cu13/lib",
            "home/.local/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib",
            "usr/lib/python3.11/dist-packages/nvidia/cublas/lib",
            "home/.cache/whetstone/cuda"),
        path.after().stream().map(each -> place.relativize(each).toString()).toList());
  }

  /** As Maven's profile unpacks them: all in one directory, the compiler's builtins among them. */
  @Test
  void whatMavenUnpackedIsFoundLast() throws Exception {
    Path home = Files.createDirectories(place.resolve("home/.cache/whetstone/cuda"));
    Path root = place;
    library("libcuda.so.1", DRIVER, "CODE=0", "VERSION=13000");
    place = home;
    library("libnvrtc.so.12", COMPILER, "MAJOR=12");
    library("libnvrtc-builtins.so.12.6", "");
    library("libcublasLt.so.12", PRODUCTS, "MAJOR=12");
    place = root;
    SearchPath path =
        new SearchPath(
            List.of(),
            false,
            SearchPath.usual(Map.of("HOME", place.resolve("home").toString()), place).after());
    Libraries found = Libraries.find(SearchPath.only(place.toString()), path);
    assertEquals(home.resolve("libcublasLt.so.12").toString(), found.products().file());
    assertEquals("12.4", found.compiler().version());
  }

  @Test
  void directoriesThatAreSaidAreTheOnlyOnes() {
    SearchPath path = SearchPath.only("/one:/two");
    assertEquals("/one, /two", path.toString());
  }

  @Test
  void withoutADriverItSaysWhereItLookedAndWhatToDo() {
    says(
        failure(),
        "there is no NVIDIA driver",
        "libcuda.so.1 was looked for in " + place,
        "Install NVIDIA's driver, 525 or newer",
        "--gpus all");
  }

  @Test
  void aFileThatIsNoLibraryIsNamed() throws Exception {
    Files.writeString(place.resolve("libcuda.so.1"), "not a library");
    says(failure(), place.resolve("libcuda.so.1") + " cannot be loaded");
  }

  @Test
  void aDriverWithoutADeviceSaysSo() throws Exception {
    library("libcuda.so.1", DRIVER, "CODE=100", "VERSION=12040");
    says(failure(), "does not start", "cuInit failed: made up (100)", "CUDA_VISIBLE_DEVICES");
  }

  @Test
  void aStubSaysThatItIsOne() throws Exception {
    library("libcuda.so.1", DRIVER, "CODE=34", "VERSION=12040");
    says(failure(), "a stub for linking");
  }

  @Test
  void aDriverThatWaitsForTheFabricManagerSaysSo() throws Exception {
    library("libcuda.so.1", DRIVER, "CODE=802", "VERSION=13000");
    says(failure(), "cuInit failed: made up (802)", "nvidia-fabricmanager");
  }

  @Test
  void aDriverOfForwardCompatibilitySaysWhatItServes() throws Exception {
    library("libcuda.so.1", DRIVER, "CODE=804", "VERSION=13000");
    says(failure(), "forward compatibility", "data centre GPUs");
  }

  @Test
  void anOldDriverIsToldApart() throws Exception {
    library("libcuda.so.1", DRIVER, "CODE=0", "VERSION=11080");
    says(failure(), "CUDA 11.8, older than 12.0", "525 or newer");
  }

  @Test
  void aDriverThatLacksAFunctionIsTooOld() throws Exception {
    library("libcuda.so.1", DRIVER, "CODE=0", "VERSION=11080", "OLD");
    says(failure(), "libcuda.so.1 has no cuLaunchKernel: it is older than CUDA 12.0");
  }

  @Test
  void withoutACompilerItNamesThePackage() throws Exception {
    library("libcuda.so.1", DRIVER, "CODE=0", "VERSION=12040");
    library("libnvrtc.so.13", COMPILER, "MAJOR=13");
    says(
        failure(),
        "libnvrtc is missing: libnvrtc.so.12, libnvrtc.so were looked for in " + place,
        "pip install nvidia-cuda-nvrtc-cu12",
        "-Dwhetstone.cuda.libraries=DIRECTORIES");
  }

  @Test
  void withoutProductsItNamesThePackage() throws Exception {
    library("libcuda.so.1", DRIVER, "CODE=0", "VERSION=13000");
    library("libnvrtc.so.13", COMPILER, "MAJOR=13");
    says(failure(), "libcublasLt is missing: libcublasLt.so.13, libcublasLt.so.12, libcublasLt.so");
  }

  @Test
  void aCompilerThatIsNewerThanTheDriverIsRefused() throws Exception {
    library("libcuda.so.1", DRIVER, "CODE=0", "VERSION=12040");
    library("libnvrtc.so", COMPILER, "MAJOR=13");
    library("libcublasLt.so", PRODUCTS, "MAJOR=12");
    says(
        failure(),
        "NVRTC 13.4 (" + place.resolve("libnvrtc.so") + ") is newer than the driver",
        "CUDA 12.4");
  }

  @Test
  void theNewestThatTheDriverKnowsIsTaken() throws Exception {
    library("libcuda.so.1", DRIVER, "CODE=0", "VERSION=12040");
    for (int major : List.of(12, 13)) {
      library("libnvrtc.so." + major, COMPILER, "MAJOR=" + major);
      library("libcublasLt.so." + major, PRODUCTS, "MAJOR=" + major);
    }
    Libraries found = find();
    assertEquals("12.4", found.compiler().version());
    assertEquals("12.3.4", found.products().version());
    assertEquals(place.resolve("libcuda.so.1").toString(), found.driver().file());
  }
}
