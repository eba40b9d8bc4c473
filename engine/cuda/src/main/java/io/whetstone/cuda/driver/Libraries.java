package io.whetstone.cuda.driver;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * NVIDIA's libraries as found on this machine: the driver, the compiler of kernels and the matrix
 * products, of CUDA 12 or 13.
 *
 * <pre>
 *   -Dwhetstone.cuda.libraries (directories, as in a class path); where they are said, nowhere else
 *   $CUDA_HOME and $CUDA_PATH, their lib64 and lib
 *   the loader's own path ($LD_LIBRARY_PATH, /etc/ld.so.conf)
 *   /usr/local/cuda*, newest first
 *   pip's nvidia/…/lib in $VIRTUAL_ENV, $CONDA_PREFIX, ~/.local, /usr/local and /usr
 *   ~/.cache/whetstone/cuda, which Maven's profile cuda-libraries fills
 * </pre>
 *
 * The driver is looked for by the loader, too, where the directories that were said have none. A
 * library whose CUDA is of a newer major version than the driver's is passed over.
 *
 * @param driver libcuda, started
 * @param compiler libnvrtc
 * @param products libcublasLt, not opened yet
 */
public record Libraries(Driver driver, Nvrtc compiler, CublasLt products) {
  /** Directories with NVIDIA's libraries, to look nowhere else. */
  public static final String PROPERTY = "whetstone.cuda.libraries";

  /** CUDA's major versions that are supported, the preferred one first. */
  private static final List<Integer> MAJORS = List.of(13, 12);

  private static final List<Path> DRIVER_DIRECTORIES =
      List.of(
          Path.of("/usr/lib/x86_64-linux-gnu"),
          Path.of("/usr/lib/aarch64-linux-gnu"),
          Path.of("/usr/lib64"),
          Path.of("/usr/local/nvidia/lib64"),
          Path.of("/usr/lib/wsl/lib"),
          Path.of("/run/opengl-driver/lib"));

  private static final int OLDEST_DRIVER = 12_000;
  private static final int NO_DEVICE = 100;
  private static final int STUB = 34;
  private static final int NOT_READY = 802;
  private static final int MISMATCH = 803;
  private static final int NOT_COMPATIBLE = 804;

  /**
   * Finds and loads them.
   *
   * @throws IllegalStateException with what is missing, where it was looked for, and how to mend it
   */
  public static Libraries find() {
    String said = System.getProperty(PROPERTY, "");
    SearchPath path =
        said.isBlank() ? SearchPath.usual(System.getenv(), Path.of("/")) : SearchPath.only(said);
    return find(path.and(true, DRIVER_DIRECTORIES), path);
  }

  /**
   * NVRTC alone, the newest that is found: it needs no GPU and no driver.
   *
   * @throws IllegalStateException when there is none, saying where it was looked for
   */
  public static Nvrtc findCompiler() {
    SearchPath path = SearchPath.usual(System.getenv(), Path.of("/"));
    List<String> failures = new ArrayList<>();
    List<String> names = MAJORS.stream().map(major -> "libnvrtc.so." + major).toList();
    return new Nvrtc(
        path.load(names, failures)
            .orElseThrow(
                () ->
                    new IllegalStateException(
                        "libnvrtc is missing: %s were looked for in %s%s. Install CUDA's toolkit, or %s"
                            .formatted(
                                String.join(", ", names),
                                path,
                                because(failures),
                                pip("nvidia-cuda-nvrtc", MAJORS.getFirst())))));
  }

  /**
   * Finds and loads them.
   *
   * @param drivers where the driver is looked for
   * @param path where the others are
   */
  static Libraries find(SearchPath drivers, SearchPath path) {
    Driver driver = driver(drivers);
    NativeLibrary compiler = newest(path, driver, "libnvrtc", "nvidia-cuda-nvrtc");
    NativeLibrary products = newest(path, driver, "libcublasLt", "nvidia-cublas");
    Libraries found = new Libraries(driver, new Nvrtc(compiler), new CublasLt(products));
    notNewer(driver, "NVRTC " + found.compiler.version(), found.compiler.major(), compiler);
    notNewer(driver, "cuBLASLt " + found.products.version(), found.products.major(), products);
    return found;
  }

  private static Driver driver(SearchPath path) {
    List<String> failures = new ArrayList<>();
    NativeLibrary library =
        path.load(List.of("libcuda.so.1"), failures)
            .orElseThrow(
                () ->
                    new IllegalStateException(
                        "there is no NVIDIA driver: libcuda.so.1 was looked for in "
                            + path
                            + because(failures)
                            + ". Install NVIDIA's driver, 525 or newer; in a container, start it"
                            + " with --gpus all"));
    try {
      Driver driver = new Driver(library);
      if (driver.version() < OLDEST_DRIVER) {
        throw new IllegalStateException(
            "the driver (%s) is of CUDA %s, older than 12.0: install NVIDIA's driver 525 or newer"
                .formatted(library.file(), version(driver)));
      }
      return driver;
    } catch (CudaException e) {
      throw new IllegalStateException(
          "the driver (%s) does not start: %s. %s"
              .formatted(library.file(), e.getMessage(), advice(e.code())),
          e);
    }
  }

  private static String advice(int code) {
    return switch (code) {
      case NO_DEVICE ->
          "It sees no NVIDIA GPU: look at nvidia-smi and CUDA_VISIBLE_DEVICES; in a container,"
              + " start it with --gpus all";
      case STUB ->
          "It is a stub for linking: take its directory out of the loader's path, so that the"
              + " driver's own library is found";
      case NOT_READY ->
          "The GPUs of a machine with NVSwitch wait for its fabric manager: start the service"
              + " nvidia-fabricmanager";
      case MISMATCH ->
          "The library and the kernel's module are of different versions: restart the machine, or"
              + " install the driver again";
      case NOT_COMPATIBLE ->
          "It is of CUDA's package for forward compatibility, which serves data centre GPUs only:"
              + " take its directory out of the loader's path";
      default -> "Look at what nvidia-smi says";
    };
  }

  private static NativeLibrary newest(
      SearchPath path, Driver driver, String name, String pipPackage) {
    List<String> names = new ArrayList<>();
    for (int major : MAJORS) {
      if (major <= driver.version() / 1000) {
        names.add(name + ".so." + major);
      }
    }
    names.add(name + ".so");
    List<String> failures = new ArrayList<>();
    int major = Math.min(MAJORS.getFirst(), driver.version() / 1000);
    return path.load(names, failures)
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "%s is missing: %s were looked for in %s%s. Install CUDA's toolkit, or %s, and"
                            .formatted(
                                name,
                                String.join(", ", names),
                                path,
                                because(failures),
                                pip(pipPackage, major))
                        + " say -D"
                        + PROPERTY
                        + "=DIRECTORIES where they are elsewhere"));
  }

  /** What pip is asked to install: from CUDA 13 on the name has no suffix. */
  private static String pip(String name, int major) {
    return "pip install "
        + (major >= 13 ? "\"" + name + "<" + (major + 1) + "\"" : name + "-cu" + major);
  }

  private static String because(List<String> failures) {
    return failures.isEmpty() ? "" : " (" + String.join("; ", failures) + ")";
  }

  private static void notNewer(Driver driver, String what, int major, NativeLibrary library) {
    if (major > driver.version() / 1000) {
      throw new IllegalStateException(
          "%s (%s) is newer than the driver, which is of CUDA %s: install a driver of CUDA %d (580 or"
                  .formatted(what, library.file(), version(driver), major)
              + " newer for 13), or the libraries of CUDA "
              + driver.version() / 1000
              + ": pip install nvidia-cuda-nvrtc-cu12 nvidia-cublas-cu12");
    }
  }

  /** {@code 12.8}. */
  private static String version(Driver driver) {
    return driver.version() / 1000 + "." + driver.version() % 1000 / 10;
  }
}
