package io.whetstone.trainer.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * The model a run starts from: exactly one of the two.
 *
 * @param fromScratch a new model with random weights
 * @param path a Hugging Face model directory, a checkpoint's or a run's directory; where there is
 *     no such directory, {@code ORG/NAME} or {@code ORG/NAME@revision} at the hub
 */
public record Model(Optional<FromScratch> fromScratch, @HubModel Optional<Path> path) {
  public Model {
    if (fromScratch.isPresent() == path.isPresent()) {
      throw new IllegalArgumentException(
          (path.isPresent() ? "both" : "none")
              + " of from-scratch and path given; expected exactly one");
    }
  }
}
