package io.whetstone.datasets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.mixing.MixedDataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MixedDatasetTest {

  @TempDir Path directory;

  private Dataset file(String name, int lines, int heldOut) throws IOException {
    Files.write(
        directory.resolve(name),
        IntStream.range(0, lines)
            .mapToObj("{\"p\": \"%s%%d\", \"c\": \"x\"}".formatted(name)::formatted)
            .toList());
    return Datasets.jsonl(
        Map.of("path", name, "prompt", "p", "completion", "c", "held-out", heldOut), directory, 0);
  }

  private static MixedDataset mix(MixedDataset.Until until, long seed, MixedDataset.Part... parts) {
    return new MixedDataset(List.of(parts), until, seed);
  }

  private static List<String> prompts(TaskSource source, long count) {
    return LongStream.range(0, count).mapToObj(i -> source.task(i).prompt()).toList();
  }

  private static long from(List<String> prompts, String name) {
    return prompts.stream().filter(prompt -> prompt.startsWith(name)).count();
  }

  @Test
  void everyBlockHasTheWeightsRatio() throws IOException {
    try (MixedDataset mixed =
        mix(
            MixedDataset.Until.ALL_EXHAUSTED,
            3,
            new MixedDataset.Part(2, file("a", 40, 0)),
            new MixedDataset.Part(0.5, file("b", 7, 0)))) {
      // b's seven come once a block of five; a's forty need ten blocks.
      long size = mixed.training().size();
      assertTrue(size > 45 && size <= 50, "size " + size);
      List<String> prompts = prompts(mixed.training(), size);
      for (int at = 0; at + 5 <= size; at += 5) {
        assertEquals(4, from(prompts.subList(at, at + 5), "a"), "block at " + at);
      }
      assertEquals(40, prompts.stream().filter(p -> p.startsWith("a")).distinct().count());
      assertEquals(7, prompts.stream().filter(p -> p.startsWith("b")).distinct().count());
      assertTrue(from(prompts, "b") > 7, "b begins anew");
      // Any place alone is what it is in order, whoever asks for it.
      assertEquals(prompts.get(31), mixed.training().task(31).prompt());
      assertThrows(IndexOutOfBoundsException.class, () -> mixed.training().task(size));
      assertEquals(size, mixed.demonstrations().orElseThrow().size());
      assertEquals(
          prompts.get(12).charAt(0),
          mixed.demonstrations().orElseThrow().demonstration(12).task().prompt().charAt(0));
    }
  }

  @Test
  void itMayEndWithTheFirst() throws IOException {
    try (MixedDataset mixed =
        mix(
            MixedDataset.Until.FIRST_EXHAUSTED,
            3,
            new MixedDataset.Part(1, file("a", 40, 0)),
            new MixedDataset.Part(1, file("b", 7, 0)))) {
      List<String> prompts = prompts(mixed.training(), mixed.training().size());
      assertEquals(7, from(prompts, "b"));
      assertEquals(prompts.size(), new HashSet<>(prompts).size(), "nothing twice");
      assertTrue(from(prompts, "a") >= 6 && from(prompts, "a") <= 8, prompts.toString());
    }
  }

  @Test
  void whatIsHeldOutComesOnceAndNeverInTraining() throws IOException {
    try (MixedDataset mixed =
        mix(
            MixedDataset.Until.ALL_EXHAUSTED,
            3,
            new MixedDataset.Part(1, file("a", 40, 10)),
            new MixedDataset.Part(1, file("b", 20, 3)),
            new MixedDataset.Part(1, file("c", 20, 0)))) {
      List<String> held = prompts(mixed.heldOut(), mixed.heldOut().size());
      assertEquals(3, from(held, "b"));
      assertEquals(0, from(held, "c"));
      assertEquals(held.size(), new HashSet<>(held).size());
      Set<String> training =
          prompts(mixed.training(), mixed.training().size()).stream().collect(Collectors.toSet());
      assertFalse(held.stream().anyMatch(training::contains));
      assertTrue(mixed.summary().toString().contains("a + b + c"), mixed.summary().toString());
    }
  }

  @Test
  void anEndlessPartMakesItEndless() throws IOException {
    try (MixedDataset mixed =
        mix(
            MixedDataset.Until.ALL_EXHAUSTED,
            3,
            new MixedDataset.Part(9, Datasets.synthetic(Map.of("sums", Map.of()), 0)),
            new MixedDataset.Part(1, file("b", 7, 0)))) {
      assertEquals(Long.MAX_VALUE, mixed.training().size());
      assertEquals(100, from(prompts(mixed.training(), 1000), "b"));
      assertEquals(
          mixed.training().task(1_000_000_000_007L).prompt(),
          mixed.training().task(1_000_000_000_007L).prompt());
    }
  }

  @Test
  void theOrderIsTheSeeds() throws IOException {
    List<List<String>> orders =
        LongStream.of(1, 1, 2)
            .mapToObj(
                seed -> {
                  try (MixedDataset mixed =
                      mix(
                          MixedDataset.Until.ALL_EXHAUSTED,
                          seed,
                          new MixedDataset.Part(1, file("a", 40, 0)),
                          new MixedDataset.Part(1, file("b", 40, 0)))) {
                    return prompts(mixed.training(), 79);
                  } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                  }
                })
            .toList();
    assertEquals(orders.get(0), orders.get(1));
    assertNotEquals(orders.get(0), orders.get(2));
  }

  @Test
  void partsOfOneNameAreTold() throws IOException {
    try (MixedDataset mixed =
        mix(
            MixedDataset.Until.ALL_EXHAUSTED,
            1,
            new MixedDataset.Part(1, file("a", 4, 0)),
            new MixedDataset.Part(1, file("a", 4, 0)))) {
      long ids =
          LongStream.range(0, mixed.training().size())
              .mapToObj(i -> mixed.training().task(i).id())
              .distinct()
              .count();
      assertEquals(8, ids);
    }
  }
}
