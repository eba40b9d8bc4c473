package io.whetstone.cpu;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.conformance.BackendConformance;

class CpuConformanceTest extends BackendConformance {
  @Override
  protected Backend open(int threads) {
    return new CpuBackendProvider().open(threads);
  }
}
