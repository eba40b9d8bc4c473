package io.whetstone.cuda;

import org.junit.jupiter.api.Tag;

/** All of it: minutes. */
@Tag("long")
class AscendingConformanceTest extends CheckedConformance {
  AscendingConformanceTest() {
    super(StandIn.Order.ASCENDING);
  }
}
