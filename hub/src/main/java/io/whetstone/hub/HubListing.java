package io.whetstone.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a repository holds at one commit.
 *
 * @param commit 40 hexadecimal digits
 * @param files in the hub's order
 */
record HubListing(String commit, List<HubFile> files) {

  private static final ObjectMapper JSON = new ObjectMapper();

  HubListing {
    if (!commit.matches("[0-9a-f]{40}")) {
      throw new HubException("the hub calls a commit \"" + commit + "\"; expected 40 digits");
    }
    files = List.copyOf(files);
  }

  /**
   * Reads the answer of {@code /api/models/ORG/NAME/revision/REVISION?blobs=true}.
   *
   * @throws HubException if it is no such answer, or lists a file that leaves the repository
   */
  static HubListing parse(String text, String from) {
    JsonNode answer;
    try {
      answer = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new HubException(from + ": answers with something that is not JSON", e);
    }
    if (answer == null || !answer.path("sha").isTextual() || !answer.path("siblings").isArray()) {
      throw new HubException(from + ": answers without sha and siblings; is it a hub?");
    }
    List<HubFile> files = new ArrayList<>();
    for (JsonNode file : answer.get("siblings")) {
      JsonNode large = file.path("lfs");
      files.add(
          new HubFile(
              file.path("rfilename").asText(),
              (large.has("size") ? large : file).path("size").asLong(-1),
              text(large.path("sha256")),
              text(file.path("blobId"))));
    }
    return new HubListing(answer.get("sha").asText(), files);
  }

  private static Optional<String> text(JsonNode node) {
    return node.isTextual() ? Optional.of(node.asText()) : Optional.empty();
  }
}
