package io.whetstone.checkpoints;

import java.util.Optional;

/**
 * The model that adapters belong to, as their file says.
 *
 * @param name a directory, or a name at the hub
 * @param revision of the name at the hub: a branch, a tag or a commit
 */
public record AdaptedModel(String name, Optional<String> revision) {
  /** A model's directory. */
  public static AdaptedModel at(String directory) {
    return new AdaptedModel(directory, Optional.empty());
  }
}
