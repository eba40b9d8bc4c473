package io.whetstone.cpu;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.BackendProvider;
import io.whetstone.tensor.CheckedBackend;
import java.util.Optional;

/**
 * Offers the backend for the processor; it runs everywhere.
 *
 * <p>Matrix products are oneDNN's where it can be loaded; with the system property {@code
 * whetstone.cpu.gemm=vector} they are the Vector API's.
 */
public final class CpuBackendProvider implements BackendProvider {
  private static final String GEMM = "whetstone.cpu.gemm";

  @Override
  public String name() {
    return CpuBackend.NAME;
  }

  @Override
  public Optional<String> unavailable() {
    return Optional.empty();
  }

  @Override
  public Backend open(int threads) {
    String asked = System.getProperty(GEMM, "onednn");
    if (!asked.equals("onednn") && !asked.equals("vector")) {
      throw new IllegalArgumentException(GEMM + ": " + asked + " is not onednn or vector");
    }
    Workers workers = new WorkerPool(threads);
    Gemm gemm =
        asked.equals("onednn")
            ? oneDnnOrVector(workers)
            : new VectorGemm(workers, GEMM + "=vector");
    return new CheckedBackend(new CpuBackend(workers, gemm));
  }

  private static Gemm oneDnnOrVector(Workers workers) {
    try {
      return new DnnlGemm(workers, OneDnn.open());
    } catch (IllegalStateException e) {
      return new VectorGemm(workers, e.getMessage());
    }
  }
}
