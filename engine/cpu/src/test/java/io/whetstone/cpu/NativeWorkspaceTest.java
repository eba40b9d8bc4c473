package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class NativeWorkspaceTest {
  @Test
  void tensorsAreAlignedAndApart() {
    try (NativeWorkspace memory = new NativeWorkspace("test")) {
      long end = 0;
      for (int size : new int[] {1, 63, 64, 1000, 0, 300_000, 5_000_000, 7}) {
        long address = Memory.address(memory.tensor(DType.BF16, size));
        assertEquals(0, address % 64);
        assertTrue(address >= end || address + 2L * size <= end);
        end = address + 2L * size;
      }
      assertTrue(memory.bytesUsed() >= 2 * 5_301_135);
    }
  }

  @Test
  void roundsAlikeGetTheSameMemory() {
    try (NativeWorkspace memory = new NativeWorkspace("test")) {
      memory.tensor(DType.F32, 100);
      long mark = memory.mark();
      long used = memory.bytesUsed();
      List<Long> first = round(memory);
      long peak = memory.bytesPeak();
      for (int i = 0; i < 3; i++) {
        memory.release(mark);
        assertEquals(used, memory.bytesUsed());
        assertEquals(first, round(memory));
        assertEquals(peak, memory.bytesPeak());
      }
      memory.reset();
      assertEquals(0, memory.bytesUsed());
      assertThrows(IllegalArgumentException.class, () -> memory.release(mark));
    }
  }

  /** Its blocks have ends that nothing fitted in; the same tensors then lie without a gap. */
  @Test
  void aResetMakesOneBlockOfWhatWasUsed() {
    try (NativeWorkspace memory = new NativeWorkspace("test")) {
      List<Long> apart = round(memory);
      assertTrue(bytes(apart) != memory.bytesPeak(), apart::toString);
      memory.reset();
      List<Long> together = round(memory);
      assertEquals(memory.bytesPeak(), bytes(together));
      memory.reset();
      assertEquals(together, round(memory), "and it stays");
      memory.tensor(DType.F32, 3_000_000);
      memory.reset();
      assertEquals(memory.bytesPeak(), 4 * 3_000_000 + bytes(round(memory)));
    }
  }

  /** From the first to the end of the last, of 50 floats. */
  private static long bytes(List<Long> round) {
    return round.getLast() + 256 - round.getFirst();
  }

  @Test
  void misuseAndShortageSayWhatFor() {
    NativeWorkspace memory = new NativeWorkspace("activations");
    Error shortage =
        assertThrows(OutOfMemoryError.class, () -> memory.tensor(DType.F32, 1 << 20, 1 << 30));
    assertTrue(shortage.getMessage().contains("activations"), shortage.getMessage());
    memory.close();
    memory.close();
    Exception closed = assertThrows(IllegalStateException.class, () -> memory.tensor(DType.F32, 1));
    assertTrue(closed.getMessage().contains("activations"), closed.getMessage());
  }

  private static List<Long> round(NativeWorkspace memory) {
    List<Long> addresses = new ArrayList<>();
    for (int size : new int[] {10, 400_000, 3, 2_000_000, 50}) {
      addresses.add(Memory.address(memory.tensor(DType.F32, size)));
    }
    return addresses;
  }
}
