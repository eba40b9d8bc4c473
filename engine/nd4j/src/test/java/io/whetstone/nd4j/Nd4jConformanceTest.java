package io.whetstone.nd4j;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.CheckedBackend;
import io.whetstone.tensor.conformance.BackendConformance;
import org.junit.jupiter.api.BeforeAll;

/** The suite of all backends. */
class Nd4jConformanceTest extends BackendConformance {
  @Override
  protected Backend open(int threads) {
    return new CheckedBackend(new Nd4jBackend(threads));
  }

  /** After the backends were opened: on arrays this small, threads do little but wait. */
  @BeforeAll
  static void computeWithOneThread() {
    Nd4jBackend.setThreads(1);
  }
}
