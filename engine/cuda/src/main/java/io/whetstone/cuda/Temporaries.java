package io.whetstone.cuda;

import java.util.HashMap;
import java.util.Map;

/** Scratch on the device, a piece for each purpose, which grows and is kept. */
final class Temporaries {
  private final DeviceMemory memory;
  private final Map<String, DeviceMemory.Block> blocks = new HashMap<>();

  Temporaries(DeviceMemory memory) {
    this.memory = memory;
  }

  /**
   * The address of so much memory, with undefined contents: the same memory for the same purpose,
   * until more is asked for. What is queued already may still use a smaller piece given out before.
   */
  long reserve(String purpose, long bytes) {
    DeviceMemory.Block block = blocks.get(purpose);
    if (block == null || block.bytes() < bytes) {
      long more = block == null ? bytes : Math.max(bytes, block.bytes() + block.bytes() / 2);
      if (block != null) {
        block.close();
        blocks.remove(purpose);
      }
      block = memory.allocate(more, purpose);
      blocks.put(purpose, block);
    }
    return block.address();
  }

  void close() {
    blocks.values().forEach(DeviceMemory.Block::close);
    blocks.clear();
  }
}
