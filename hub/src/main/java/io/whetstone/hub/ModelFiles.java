package io.whetstone.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Which of a repository's files a model needs: no weights twice, no pickles, no pictures. */
final class ModelFiles {

  static final String CONFIG = "config.json";
  static final String TOKENIZER = "tokenizer.json";
  static final String WEIGHTS = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";

  /** Small ones that say how the weights are to be used. */
  private static final Pattern DESCRIPTION =
      Pattern.compile(
          "config\\.json|generation_config\\.json|adapter_config\\.json|tokenizer.*"
              + "|vocab\\.(json|txt)|merges\\.txt|special_tokens_map\\.json|added_tokens\\.json"
              + "|chat_template\\.(jinja|json)|additional_chat_templates/[^/]+\\.jinja"
              + "|README\\.md|LICENSE(\\.\\w+)?|model\\.safetensors\\.index\\.json");

  private static final Pattern ANY_WEIGHTS = Pattern.compile("[^/]+\\.safetensors");

  private static final ObjectMapper JSON = new ObjectMapper();

  private ModelFiles() {}

  static List<String> descriptions(List<String> paths) {
    return paths.stream().filter(path -> DESCRIPTION.matcher(path).matches()).toList();
  }

  /**
   * The files that hold the weights, once: those the index names, else model.safetensors, else
   * every one. (Mistral's repositories have the same weights a second time, as
   * consolidated.safetensors.)
   *
   * @param directory where the descriptions are
   * @throws HubException if there are none, or one that the index names is not there
   */
  static List<String> weights(HubName name, List<String> paths, Path directory) {
    if (paths.contains(INDEX)) {
      Set<String> shards = shards(name, directory.resolve(INDEX));
      for (String shard : shards) {
        if (!paths.contains(shard)) {
          throw new HubException(
              "%s: %s names %s, which is not there".formatted(name, INDEX, shard));
        }
      }
      return List.copyOf(shards);
    }
    if (paths.contains(WEIGHTS)) {
      return List.of(WEIGHTS);
    }
    List<String> found = paths.stream().filter(p -> ANY_WEIGHTS.matcher(p).matches()).toList();
    if (found.isEmpty()) {
      List<String> others =
          paths.stream().filter(p -> p.matches("[^/]+\\.(bin|pth?|gguf|h5|msgpack|onnx)")).toList();
      throw new HubException(
          name
              + ": has no weights as *.safetensors"
              + (others.isEmpty() ? "" : ", only " + String.join(", ", new ArrayList<>(others)))
              + "; look for a repository that has, or convert it with transformers'"
              + " save_pretrained");
    }
    return found;
  }

  private static Set<String> shards(HubName name, Path index) {
    try {
      JsonNode map = JSON.readTree(index.toFile()).path("weight_map");
      Set<String> shards = new TreeSet<>();
      map.forEach(file -> shards.add(file.asText()));
      if (shards.isEmpty()) {
        throw new HubException(name + ": " + INDEX + " has no weight_map");
      }
      return shards;
    } catch (IOException e) {
      throw new HubException(name + ": " + INDEX + " cannot be read (" + e.getMessage() + ")", e);
    }
  }
}
