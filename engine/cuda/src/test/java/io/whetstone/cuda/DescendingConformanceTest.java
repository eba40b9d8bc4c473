package io.whetstone.cuda;

import org.junit.jupiter.api.Tag;

/** All of it: minutes. */
@Tag("long")
class DescendingConformanceTest extends CheckedConformance {
  DescendingConformanceTest() {
    super(StandIn.Order.DESCENDING);
  }
}
