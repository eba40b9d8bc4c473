package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WeightMemoryTest {
  private static final long SIZE = 1_000_001;

  @Test
  void smallWeightsLieBesideEachOtherAndKeepWhatTheyHold() {
    WeightMemory memory = new WeightMemory();
    List<WeightMemory.Piece> pieces = new ArrayList<>();
    for (int i = 0; i < 70; i++) {
      WeightMemory.Piece piece = memory.take(SIZE, "test");
      assertEquals(0, piece.address() % Allocation.ALIGNMENT);
      Memory.set(piece.address(), i);
      Memory.set(piece.address() + SIZE - 5, -i);
      pieces.add(piece);
    }
    assertEquals(1_000_064, pieces.get(1).address() - pieces.get(0).address());
    for (int i = 0; i < pieces.size(); i += 2) {
      pieces.get(i).close();
      pieces.get(i).close();
    }
    for (int i = 1; i < pieces.size(); i += 2) {
      assertEquals(i, Memory.get(pieces.get(i).address()));
      assertEquals(-i, Memory.get(pieces.get(i).address() + SIZE - 5));
      pieces.get(i).close();
    }
  }

  @Test
  void aBlockThatIsFreeIsNotUsedAgain() {
    WeightMemory memory = new WeightMemory();
    memory.take(SIZE, "test").close();
    try (WeightMemory.Piece after = memory.take(SIZE, "test");
        WeightMemory.Piece next = memory.take(SIZE, "test")) {
      assertNotEquals(after.address(), next.address());
      Memory.set(after.address(), 1);
      Memory.set(next.address(), 2);
      assertEquals(1, Memory.get(after.address()));
    }
  }

  @Test
  void aLargeWeightHasABlockOfItsOwn() {
    WeightMemory memory = new WeightMemory();
    try (WeightMemory.Piece small = memory.take(SIZE, "test");
        WeightMemory.Piece large = memory.take(40 << 20, "test");
        WeightMemory.Piece next = memory.take(SIZE, "test")) {
      assertEquals(1_000_064, next.address() - small.address());
      Memory.set(large.address() + (40 << 20) - 4, 1);
      assertTrue(Math.abs(large.address() - small.address()) >= 32 << 20);
    }
  }
}
