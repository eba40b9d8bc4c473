package io.whetstone.trainer.config;

import io.whetstone.datasets.JsonlSettings;
import io.whetstone.datasets.settings.Inline;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where tasks and demonstrations come from: one source or a mixture; docs/data.md has all keys.
 *
 * @param source where it is one
 * @param mix where it is several
 */
public record Data(@Inline Source source, Optional<Mix> mix) {

  public Data {
    List<String> given =
        Stream.concat(source.given().stream(), mix.map(unused -> "mix").stream()).toList();
    if (given.size() != 1) {
      throw new IllegalArgumentException(
          (given.isEmpty() ? "none" : String.join(" and ", given))
              + " of synthetic, jsonl, table and mix given; expected exactly one");
    }
  }

  /** One source, or those that are mixed. */
  public List<Source> sources() {
    return mix.map(m -> m.sources().stream().map(Mix.Part::source).toList())
        .orElseGet(() -> List.of(source));
  }

  /** The JSONL files it is read from. */
  public List<Path> files() {
    return sources().stream()
        .flatMap(one -> one.jsonl().stream())
        .map(JsonlSettings::path)
        .toList();
  }
}
