package io.whetstone.model;

import io.whetstone.tensor.Backend;
import java.util.List;

/** What an optimizer steps: tensors with gradients, and a word when they were changed. */
public interface Trainable {
  Backend backend();

  /** The tensors an optimizer steps, in a fixed order. */
  List<Parameter> parameters();

  /** Must be called after weights were written to and before the next pass. */
  void weightsChanged();

  /** The same where nothing but {@link #parameters} was written to. */
  default void trainedChanged() {
    weightsChanged();
  }

  void zeroGradients();
}
