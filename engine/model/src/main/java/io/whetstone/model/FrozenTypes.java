package io.whetstone.model;

import io.whetstone.tensor.DType;
import java.util.Optional;

/**
 * In which quantised types the matrices of a model are held whose weights are not trained: 4 to 9
 * bits a weight in place of 16 or 32, and the bits of a model of the decoded weights.
 */
@FunctionalInterface
public interface FrozenTypes {
  /** None is quantised. */
  FrozenTypes NONE = (name, columns) -> Optional.empty();

  /**
   * A matrix's quantised type; empty for the type that is computed in.
   *
   * @param name Hugging Face's; parts of one fused matrix are quantised where all agree
   */
  Optional<DType> of(String name, int columns);

  /** Matrices in one type; those whose rows are not whole blocks of it in Q8_0, or not at all. */
  static FrozenTypes all(DType type) {
    return (name, columns) ->
        columns % type.blockElements() == 0
            ? Optional.of(type)
            : Optional.of(DType.Q8_0).filter(q8 -> columns % q8.blockElements() == 0);
  }
}
