package io.whetstone.cpu;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.CheckedBackend;
import io.whetstone.tensor.conformance.BackendConformance;

/** The backend with oneDNN's products. */
class OneDnnConformanceTest extends BackendConformance {
  @Override
  protected Backend open(int threads) {
    Workers workers = new WorkerPool(threads);
    return new CheckedBackend(new CpuBackend(workers, new DnnlGemm(workers, OneDnn.open())));
  }
}
