package io.whetstone.cuda;

/**
 * What of the suite takes seconds at most with checks, in an order of its own; {@link
 * AscendingConformanceTest} and its like have all of it. A test that is overridden here without an
 * annotation is not one.
 */
class CheckedConformanceTest extends CheckedConformance {
  CheckedConformanceTest() {
    super(StandIn.Order.SHUFFLED);
  }

  @Override
  public void attentionForwardAndBackward() {}

  @Override
  public void attentionIsTheSameForAnyThreads() {}

  @Override
  public void sharedPrefixesChangeNothing() {}

  @Override
  public void cachedAttentionGivesTheBitsOfPackedAttention() {}

  @Override
  public void quantizedProductsAreExact() {}
}
