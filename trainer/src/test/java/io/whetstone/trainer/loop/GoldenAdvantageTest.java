package io.whetstone.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.trainer.algorithm.Advantages;
import io.whetstone.trainer.algorithm.RewardBatch;
import io.whetstone.trainer.config.Advantage;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Advantages against the papers' formulas, written out literally (make_advantage_golden.py). */
class GoldenAdvantageTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonNode FILE = read();

  private static JsonNode read() {
    try (InputStream in = GoldenAdvantageTest.class.getResourceAsStream("advantage-golden.json")) {
      return JSON.readTree(in);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static List<Named<JsonNode>> cases() {
    return StreamSupport.stream(FILE.get("cases").spliterator(), false)
        .map(golden -> Named.of(golden.get("name").asText(), golden))
        .toList();
  }

  private static RewardBatch batch(boolean withCosts) {
    List<RewardBatch.Group> groups = new ArrayList<>();
    double[] weights = JSON.convertValue(FILE.get("weights"), double[].class);
    for (int g = 0; g < FILE.get("groups").size(); g++) {
      List<RewardBatch.Earned> earned = new ArrayList<>();
      for (JsonNode completion : FILE.get("groups").get(g)) {
        double[] values = JSON.convertValue(completion.get(0), double[].class);
        List<RewardBatch.Step> steps = new ArrayList<>();
        for (JsonNode step : completion.get(2)) {
          steps.add(
              new RewardBatch.Step(
                  step.get(0).asInt(), step.get(1).asInt(), step.get(2).asDouble()));
        }
        earned.add(
            new RewardBatch.Earned(
                weights[0] * values[0] + weights[1] * values[1],
                values,
                completion.get(1).asInt(),
                List.of(steps, List.of()),
                withCosts ? JSON.convertValue(completion.get(3), double[].class) : new double[0]));
      }
      groups.add(new RewardBatch.Group(earned, FILE.get("greedy").get(g).asDouble()));
    }
    return new RewardBatch(weights, groups);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void advantagesAreTheSources(JsonNode golden) {
    Map<String, Object> settings =
        JSON.convertValue(golden.get("advantage"), new TypeReference<Map<String, Object>>() {});
    Advantages actual =
        Objectives.advantage(Settings.read(settings, Advantage.class, ""), false)
            .estimate(batch(golden.get("costs").asBoolean()));
    for (int g = 0; g < golden.get("expected").size(); g++) {
      JsonNode group = golden.get("expected").get(g);
      assertEquals(group.size(), actual.values()[g].length);
      for (int i = 0; i < group.size(); i++) {
        int tokens = FILE.get("groups").get(g).get(i).get(1).asInt();
        double[] expected = JSON.convertValue(group.get(i), double[].class);
        assertArrayEquals(
            expected.length == tokens
                ? expected
                : new Advantages(new double[][][] {{expected}}, List.of(Advantages.Group.KEPT))
                    .perToken(0, 0, tokens),
            actual.perToken(g, i, tokens),
            1e-9);
      }
    }
  }
}
