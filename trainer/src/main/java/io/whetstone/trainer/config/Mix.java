package io.whetstone.trainer.config;

import io.whetstone.datasets.mixing.MixedDataset;
import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Inline;
import java.util.List;

/**
 * Several sources as one.
 *
 * @param sources each with its weight
 * @param until when it ends
 */
public record Mix(
    List<Part> sources,
    @Default(value = "\"all-exhausted\"", source = "every task comes up")
        MixedDataset.Until until) {

  /**
   * One source.
   *
   * @param weight how much of the mixture is its, beside the others' weights
   */
  public record Part(
      @Default(value = "1", source = "as much as the others") double weight,
      @Inline Source source) {

    public Part {
      if (!(weight > 0 && weight <= 1e6)) {
        throw new IllegalArgumentException("weight: " + weight + " is not in (0, 1000000]");
      }
      if (source.given().size() != 1) {
        throw new IllegalArgumentException(
            source.given().size() + " of synthetic, jsonl and table given; expected exactly one");
      }
    }
  }

  public Mix {
    if (sources.isEmpty() || sources.size() > 100) {
      throw new IllegalArgumentException(
          "sources: " + sources.size() + " given; expected 1 to 100");
    }
  }
}
