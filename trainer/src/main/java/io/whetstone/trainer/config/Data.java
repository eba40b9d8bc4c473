package io.whetstone.trainer.config;

import io.whetstone.datasets.JsonlSettings;
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
}
