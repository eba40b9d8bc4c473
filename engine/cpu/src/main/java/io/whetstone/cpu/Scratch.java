package io.whetstone.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Native memory that one thread reuses from call to call; freed with its owner, and what is grown
 * out of at once: a garbage collection that nobody has need of may be long in coming.
 */
final class Scratch {
  /** Beyond what is asked for; so that what grows a little each call is not moved each call. */
  private static final long MOST_SPARE = 1 << 20;

  private Allocation held;
  private MemorySegment memory = MemorySegment.NULL;

  /** Where at least {@code bytes} lie; growing forgets what was there. */
  long reserve(long bytes) {
    if (memory.byteSize() < bytes) {
      grow(Math.max(bytes, Math.min(memory.byteSize() * 3 / 2, bytes + MOST_SPARE)));
    }
    return memory.address();
  }

  private void grow(long bytes) {
    if (held != null) {
      held.close();
    }
    memory = MemorySegment.NULL;
    Allocation grown = new Allocation(bytes, "room for a kernel");
    held = grown;
    memory =
        MemorySegment.ofAddress(grown.address())
            .reinterpret(bytes, Arena.ofAuto(), gone -> grown.close());
    memory.fill((byte) 0);
  }
}
