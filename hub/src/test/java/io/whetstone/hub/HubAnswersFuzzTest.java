package io.whetstone.hub;

import io.whetstone.fuzz.Damage;
import io.whetstone.fuzz.Fuzz;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Damaged answers of a hub are read, or refused with one message. */
class HubAnswersFuzzTest {
  @TempDir Path directory;

  /** What is read before anything is written. */
  enum Answer {
    LISTING(
        """
        {"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": [
          {"rfilename": "config.json", "size": 20, "blobId": "89abcdef0123456789abcdef0123456789abcdef"},
          {"rfilename": "model.safetensors", "size": 9, "blobId": "89abcdef0123456789abcdef0123456789abcdef",
           "lfs": {"size": 9000, "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}}]}
        """) {
      @Override
      void read(Path file) throws Exception {
        HubListing.parse(Files.readString(file, StandardCharsets.ISO_8859_1), "the hub");
      }
    },
    INDEX(
        """
        {"metadata": {"total_size": 8}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
        """) {
      @Override
      void read(Path file) {
        List<String> paths =
            List.of(ModelFiles.INDEX, "model-1.safetensors", "model-2.safetensors");
        ModelFiles.weights(
            HubName.parse(HubName.Kind.MODEL, "org/name").orElseThrow(), paths, file.getParent());
      }
    };

    private final String good;

    Answer(String good) {
      this.good = good;
    }

    abstract void read(Path file) throws Exception;
  }

  @ParameterizedTest
  @EnumSource
  void aSample(Answer answer) throws Exception {
    fuzz(answer, 300);
  }

  @ParameterizedTest
  @EnumSource
  @Tag("long")
  void many(Answer answer) throws Exception {
    System.out.println("the hub's " + answer + ": " + fuzz(answer, 10_000));
  }

  private Fuzz.Result fuzz(Answer answer, int files) throws Exception {
    return Fuzz.of(
            answer.good.getBytes(StandardCharsets.UTF_8), directory.resolve(ModelFiles.INDEX))
        .files(files)
        .damagedBy(Damage.json())
        .refusedBy(HubException.class)
        .read(answer::read);
  }
}
