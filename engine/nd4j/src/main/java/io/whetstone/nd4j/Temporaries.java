package io.whetstone.nd4j;

import java.util.function.Supplier;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.memory.enums.AllocationPolicy;
import org.nd4j.linalg.api.memory.enums.LearningPolicy;
import org.nd4j.linalg.api.memory.enums.ResetPolicy;
import org.nd4j.linalg.api.memory.enums.SpillPolicy;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Memory for what a kernel makes on its way, taken back when the kernel is done. Without it every
 * intermediate array would wait for the garbage collector, which sees only its small Java object.
 */
final class Temporaries {
  private static final WorkspaceConfiguration CONFIGURATION =
      WorkspaceConfiguration.builder()
          .initialSize(16 << 20)
          .policyAllocation(AllocationPolicy.OVERALLOCATE)
          .overallocationLimit(0.25)
          .policyLearning(LearningPolicy.OVER_TIME)
          .cyclesBeforeInitialization(1)
          .policyReset(ResetPolicy.BLOCK_LEFT)
          .policySpill(SpillPolicy.REALLOCATE)
          .build();

  private Temporaries() {}

  /** Runs a kernel; arrays that it makes must not outlive it. */
  static void during(Runnable kernel) {
    try (MemoryWorkspace _ =
        Nd4j.getWorkspaceManager().getAndActivateWorkspace(CONFIGURATION, "whetstone")) {
      kernel.run();
    }
  }

  /** As {@link #during(Runnable)}, with a result that is no array. */
  static <T> T during(Supplier<T> kernel) {
    try (MemoryWorkspace _ =
        Nd4j.getWorkspaceManager().getAndActivateWorkspace(CONFIGURATION, "whetstone")) {
      return kernel.get();
    }
  }
}
