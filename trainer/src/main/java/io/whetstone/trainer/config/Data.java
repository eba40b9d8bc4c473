package io.whetstone.trainer.config;

import io.whetstone.datasets.JsonlSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Where tasks and demonstrations come from: exactly one of the two.
 *
 * @param synthetic a generator: {@code {sums: {…}}}
 * @param jsonl a file, a task a line
 */
public record Data(Optional<Synthetic> synthetic, Optional<JsonlSettings> jsonl) {

  public Data {
    if (synthetic.isPresent() == jsonl.isPresent()) {
      throw new IllegalArgumentException(
          (jsonl.isPresent() ? "both" : "none")
              + " of synthetic and jsonl given; expected exactly one");
    }
  }

  /** The files it is read from; none for a generator. */
  public List<Path> files() {
    return jsonl.map(settings -> List.of(settings.path())).orElse(List.of());
  }
}
