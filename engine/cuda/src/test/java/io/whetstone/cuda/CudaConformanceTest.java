package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.conformance.BackendConformance;
import org.junit.jupiter.api.AfterEach;

/** The suite of every backend, on the stand-in GPU. */
class CudaConformanceTest extends BackendConformance {
  private StandIn standIn;

  @Override
  protected Backend open(int threads) {
    standIn = StandIn.fast();
    return new CudaBackendProvider().open(threads);
  }

  @AfterEach
  void nothingIsReported() {
    assertEquals("", standIn.reports());
  }
}
