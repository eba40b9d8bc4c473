package io.whetstone.rewards.instructions;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaException;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import com.networknt.schema.resource.SchemaLoader;
import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.behaviour.Part;
import io.whetstone.rewards.behaviour.TextReward;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * {@code json-schema}: is the response JSON that fits the schema? Correct or wrong; unparseable
 * where it is no JSON. A Markdown fence around it does not count.
 *
 * <p>The schema is the task's field {@code schema} (an object, or one as text), else the setting;
 * draft 2020-12 where {@code $schema} says nothing else. What it refers to must be within it:
 * nothing is fetched.
 */
public final class JsonSchemaProvider implements RewardProvider {

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  /**
   * The reward's settings.
   *
   * @param schema for tasks whose field says nothing
   * @param field the task's field with its schema
   */
  public record JsonSchemaSettings(
      Optional<Map<String, Object>> schema,
      @Default(value = "\"schema\"", source = "a name") String field,
      @Default(value = "\"response\"", source = "a thought is no JSON") Part of) {}

  @Override
  public String name() {
    return "json-schema";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    JsonSchemaSettings read = Settings.read(settings, JsonSchemaSettings.class, "");
    ByJsonSchema reward = new ByJsonSchema(read, factory());
    read.schema().ifPresent(schema -> reward.compiled(JSON.valueToTree(schema)));
    return reward;
  }

  /** Schemas may only refer to what is within them, or to the drafts themselves. */
  private static JsonSchemaFactory factory() {
    SchemaLoader closed =
        iri -> {
          if (iri.toString().startsWith("http")) {
            throw new JsonSchemaException("refers to " + iri + ", and nothing is fetched");
          }
          return null;
        };
    return JsonSchemaFactory.getInstance(
        SpecVersion.VersionFlag.V202012,
        builder -> builder.schemaLoaders(loaders -> loaders.add(closed)));
  }

  private record ByJsonSchema(JsonSchemaSettings settings, JsonSchemaFactory factory)
      implements Reward {

    @Override
    public List<Score> score(Group group) {
      Optional<JsonSchema> schema = of(group.task());
      return new TextReward(
              settings.of(), (task, candidate, text) -> JsonSchemaProvider.score(schema, text))
          .score(group);
    }

    @Override
    public void check(Task task) {
      of(task);
    }

    private Optional<JsonSchema> of(Task task) {
      Object given = task.fields().get(settings.field());
      try {
        if (given instanceof String text) {
          return Optional.of(compiled(JSON.readTree(text)));
        }
        return Optional.ofNullable(given == null ? settings.schema().orElse(null) : given)
            .map(JSON::<JsonNode>valueToTree)
            .map(this::compiled);
      } catch (JsonProcessingException e) {
        throw new DatasetException(
            settings.field() + ": is not JSON (" + e.getOriginalMessage() + ")", e);
      } catch (IllegalArgumentException e) {
        throw new DatasetException(e.getMessage(), e);
      }
    }

    private JsonSchema compiled(JsonNode schema) {
      if (!schema.isObject() && !schema.isBoolean()) {
        throw new IllegalArgumentException(
            settings.field() + ": is not a JSON schema; expected an object");
      }
      try {
        JsonSchema made = factory.getSchema(schema);
        made.initializeValidators();
        return made;
      } catch (JsonSchemaException e) {
        throw new IllegalArgumentException(
            settings.field() + ": is not a JSON schema: " + e.getMessage(), e);
      }
    }
  }

  private static Score score(Optional<JsonSchema> schema, String text) {
    if (schema.isEmpty()) {
      return Score.notApplicable().withNote("schema", "the task has none");
    }
    String body =
        text.strip().replaceFirst("^```[A-Za-z0-9]*\\s", "").replaceFirst("```$", "").strip();
    JsonNode json;
    try {
      json = body.isEmpty() ? null : JSON.readTree(body);
    } catch (JsonProcessingException e) {
      return Score.unparseable().withNote("json", e.getOriginalMessage());
    }
    if (json == null || json.isMissingNode()) {
      return Score.unparseable().withNote("json", "there is none");
    }
    var complaints = schema.get().validate(json);
    return complaints.isEmpty()
        ? Score.correct()
        : Score.wrong()
            .withNote(
                "schema",
                complaints.stream()
                    .limit(3)
                    .map(ValidationMessage::getMessage)
                    .collect(Collectors.joining("; ")));
  }
}
