package io.whetstone.checkpoints;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** The memory there is for weights. */
final class Machine {
  private Machine() {}

  /** Whether so many bytes are at most half of the memory, a container's where it is in one. */
  static boolean holds(long bytes) {
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return bytes <= system.getTotalMemorySize() / 2;
  }
}
