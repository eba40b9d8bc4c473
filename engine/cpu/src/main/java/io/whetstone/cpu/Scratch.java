package io.whetstone.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Native memory that one thread reuses from call to call; freed with its owner. */
final class Scratch {
  private static final long ALIGNMENT = 64;

  private MemorySegment memory = MemorySegment.NULL;

  /** Where at least {@code bytes} lie; growing forgets what was there. */
  long reserve(long bytes) {
    if (memory.byteSize() < bytes) {
      long grown = Math.max(bytes, memory.byteSize() * 3 / 2);
      memory = MemorySegment.NULL;
      memory = Arena.ofAuto().allocate(grown, ALIGNMENT);
    }
    return memory.address();
  }
}
