package io.whetstone.cuda;

import org.junit.jupiter.api.Tag;

/** All of it: minutes. */
@Tag("long")
class ShuffledConformanceTest extends CheckedConformance {
  ShuffledConformanceTest() {
    super(StandIn.Order.SHUFFLED);
  }
}
