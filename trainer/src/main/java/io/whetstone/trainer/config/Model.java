package io.whetstone.trainer.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * The model a run starts from: exactly one of the two.
 *
 * @param fromScratch a new model with random weights
 * @param path a Hugging Face model directory, a checkpoint's or a run's directory
 */
public record Model(Optional<FromScratch> fromScratch, Optional<Path> path) {
  public Model {
    if (fromScratch.isPresent() == path.isPresent()) {
      throw new IllegalArgumentException(
          (path.isPresent() ? "both" : "none")
              + " of from-scratch and path given; expected exactly one");
    }
  }
}
