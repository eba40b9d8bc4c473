package io.whetstone.trainer.config;

import java.util.Set;

/** What can lie in the host's memory while a device with memory of its own computes. */
public enum Offload {
  /** AdamW's two moments: read and written once an optimizer step. */
  OPTIMIZER("optimizer"),
  /** The weights, or adapters, that the policy is held to: read once a step. */
  REFERENCE("reference weights", "reference adapters"),
  /** The moving average of the policy's weights, or adapters: read and written once a step. */
  AVERAGE("averaged policy");

  private final Set<String> purposes;

  Offload(String... purposes) {
    this.purposes = Set.of(purposes);
  }

  /** The purposes of the workspaces that hold it. */
  public Set<String> purposes() {
    return purposes;
  }
}
