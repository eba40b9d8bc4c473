package io.whetstone.trainer.config;

import java.util.Map;
import java.util.Optional;

/**
 * Where tasks and demonstrations come from: exactly one of the two.
 *
 * @param synthetic a generator: {@code {sums: {…}}}
 * @param jsonl a file, a task a line
 */
public record Data(Optional<Map<String, Object>> synthetic, Optional<Map<String, Object>> jsonl) {

  public Data {
    if (synthetic.isPresent() == jsonl.isPresent()) {
      throw new IllegalArgumentException(
          (jsonl.isPresent() ? "both" : "none")
              + " of synthetic and jsonl given; expected exactly one");
    }
  }
}
