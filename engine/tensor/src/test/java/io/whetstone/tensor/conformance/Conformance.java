package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.whetstone.tensor.Capability;
import io.whetstone.tensor.DType;
import java.util.List;
import java.util.function.Function;

/** What the families of tests share: the backend under test, and what "exact" means. */
interface Conformance {
  /** The backend with two threads, for all that is not about threads. */
  Rig rig();

  /** The backend with one, two and three threads. */
  List<Rig> rigs();

  /** The rest of the test is about bits, which only some backends promise. */
  default void needsExact() {
    boolean exact = rig().backend().capabilities().contains(Capability.EXACT);
    if (!exact) {
      System.out.println("NOT RUN: bits: " + rig().backend().name() + " does not declare EXACT");
    }
    assumeTrue(exact, "the backend does not declare EXACT");
  }

  /** The types that products are made in. */
  default List<DType> computeTypes() {
    return rig().backend().capabilities().contains(Capability.BF16)
        ? List.of(DType.F32, DType.BF16)
        : List.of(DType.F32);
  }

  /** Fails unless {@code run} gives the same bits whatever the number of threads. */
  default void sameForAnyThreads(String what, Function<Rig, float[]> run) {
    float[] one = run.apply(rigs().getFirst());
    for (Rig rig : rigs()) {
      assertArrayEquals(one, run.apply(rig), what + ": bits differ with " + rig);
    }
  }
}
