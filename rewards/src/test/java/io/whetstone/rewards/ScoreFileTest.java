package io.whetstone.rewards;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.DatasetException;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ScoreFileTest {

  private final List<String> written = new ArrayList<>();

  private long score(String lines) throws Exception {
    RewardCatalog catalog = RewardCatalog.ofClassPath();
    try (RewardPipeline pipeline =
        new RewardPipeline(
            List.of(
                new WeightedReward("format", catalog.create("format", Map.of()), 1),
                new WeightedReward("accuracy", catalog.create("accuracy", Map.of()), 1)),
            2)) {
      return new ScoreFile(pipeline)
          .score(
              "f.jsonl",
              new ByteArrayInputStream(lines.getBytes(StandardCharsets.UTF_8)),
              written::add);
    }
  }

  @Test
  void eachLineIsAnswered() throws Exception {
    long count =
        score(
            """
            {"prompt":"1+1=?","completion":"<think>1+1=2</think><answer>2</answer>","answer":2}

            {"prompt":"1+1=?","completion":"<answer>é</answer>","answer":"2"}
            {"prompt":"1+1=?","completion":"2","prompt-prefix":"<think>"}
            """);
    assertEquals(3, count);
    assertEquals(
        List.of(
            "{\"rewards\":{\"format\":1.0,\"accuracy\":1.0},\"outcomes\":{\"format\":\"correct\","
                + "\"accuracy\":\"correct\"},\"extracted\":{\"format\":null,\"accuracy\":\"2\"}}",
            "{\"rewards\":{\"format\":0.0,\"accuracy\":0.0},\"outcomes\":{\"format\":\"wrong\","
                + "\"accuracy\":\"wrong\"},\"extracted\":{\"format\":null,\"accuracy\":\"é\"}}",
            "{\"rewards\":{\"format\":0.0,\"accuracy\":null},\"outcomes\":{\"format\":\"wrong\","
                + "\"accuracy\":\"not-applicable\"},\"extracted\":{\"format\":null,"
                + "\"accuracy\":null}}"),
        written);
  }

  @Test
  void manyLinesKeepTheirOrder() throws Exception {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 1000; i++) {
      lines.append("{\"prompt\":\"\",\"completion\":\"<answer>%d</answer>\"".formatted(i));
      lines.append(",\"answer\":\"0\"}\n");
    }
    assertEquals(1000, score(lines.toString()));
    for (int i = 0; i < 1000; i++) {
      assertEquals(true, written.get(i).endsWith("\"accuracy\":\"" + i + "\"}}"));
    }
  }

  @Test
  void aStreamIsReadOnlyALittleAheadOfWhatIsWritten() throws Exception {
    int all = 20_000;
    int[] read = {0};
    int[] ahead = {0};
    int[] answered = {0};
    InputStream stream =
        new SequenceInputStream(
            new Enumeration<>() {
              @Override
              public boolean hasMoreElements() {
                return read[0] < all;
              }

              @Override
              public InputStream nextElement() {
                String line =
                    "{\"prompt\":\"\",\"completion\":\"<answer>%d</answer>\",\"answer\":\"7\"}\n"
                        .formatted(read[0]++);
                ahead[0] = Math.max(ahead[0], read[0] - answered[0]);
                return new ByteArrayInputStream(line.getBytes(StandardCharsets.UTF_8));
              }
            });
    RewardCatalog catalog = RewardCatalog.ofClassPath();
    try (RewardPipeline pipeline =
        new RewardPipeline(
            List.of(
                new WeightedReward("format", catalog.create("format", Map.of()), 1),
                new WeightedReward("math", catalog.create("math", Map.of()), 1)),
            2)) {
      long count =
          new ScoreFile(pipeline)
              .score(
                  "f.jsonl",
                  stream,
                  line -> assertTrue(line.endsWith("\"math\":\"" + answered[0]++ + "\"}}"), line));
      assertEquals(all, count);
    }
    assertEquals(all, answered[0]);
    assertTrue(ahead[0] < 600, ahead[0] + " lines were held");
  }

  @Test
  void aBadLineIsNamedAndWhatCameBeforeItIsWritten() {
    assertBad("f.jsonl:2: completion: is missing; expected text", "{\"prompt\":\"p\"}");
    assertEquals(1, written.size());
    assertBad(
        "f.jsonl:2: completion: is number; expected text", "{\"prompt\":\"p\",\"completion\":1}");
    assertBad(
        "f.jsonl:2: ids: is not a list of token numbers",
        "{\"prompt\":\"p\",\"completion\":\"c\",\"ids\":\"x\"}");
    assertBad("f.jsonl:2: is JSON, but not an object (array); expected {\"field\": …}", "[1]");
  }

  @Test
  void completionsOfOneTaskAreAGroupWhereARewardComparesThem() throws Exception {
    String lines =
        """
        {"prompt":"p","completion":"<answer>4</answer>","answer":4,"id":1}
        {"prompt":"p","completion":"<answer>4</answer>xxxx","answer":4,"id":2}
        {"prompt":"p","completion":"<answer>4</answer>xx","answer":4,"id":3}
        {"prompt":"p","completion":"<answer>4</answer>xxxx","answer":4,"level":2}
        {"prompt":"q","completion":"<answer>4</answer>x","answer":4}
        """;
    RewardCatalog catalog = RewardCatalog.ofClassPath();
    try (RewardPipeline pipeline =
        new RewardPipeline(
            List.of(new WeightedReward("k", catalog.create("kimi-length", Map.of()), 2)), 2)) {
      new ScoreFile(pipeline, true)
          .score(
              "f.jsonl",
              new ByteArrayInputStream(lines.getBytes(StandardCharsets.UTF_8)),
              written::add);
    }
    assertEquals(
        List.of("0.5", "-0.5", "0.0", "0.0", "0.0"),
        written.stream().map(line -> line.replaceAll(".*\"k\":([-0-9.]+).*", "$1")).toList());
    assertEquals(
        "{\"rewards\":{\"k\":0.5},\"outcomes\":{\"k\":\"scored\"},\"extracted\":{\"k\":null},"
            + "\"total\":1.0,\"notes\":{\"k\":{\"length\":\"18\",\"correct\":\"true\"}}}",
        written.getFirst());
  }

  private void assertBad(String message, String line) {
    assertEquals(
        message,
        assertThrows(
                DatasetException.class,
                () -> score("{\"prompt\":\"p\",\"completion\":\"c\"}\n" + line + "\n"))
            .getMessage());
  }
}
