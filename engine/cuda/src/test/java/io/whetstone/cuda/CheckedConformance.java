package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.conformance.BackendConformance;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;

/**
 * The suite on the stand-in GPU with its checks, blocks and threads in some order: no access out of
 * bounds, no race, no divergent barrier, no result that hangs on the order.
 */
abstract class CheckedConformance extends BackendConformance {
  private final StandIn.Order order;
  private StandIn standIn;

  CheckedConformance(StandIn.Order order) {
    this.order = order;
  }

  @Override
  protected Backend open(int threads) {
    standIn = StandIn.checked();
    standIn.order(order);
    return new CudaBackendProvider().open(threads);
  }

  @AfterEach
  void nothingIsReported() {
    assertEquals("", standIn.reports());
  }

  @AfterAll
  void asBefore() {
    if (standIn != null) {
      standIn.order(StandIn.Order.ASCENDING);
    }
  }
}
