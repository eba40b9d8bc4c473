package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** A stage as the training loop drives it: steps, and a state that a checkpoint can hold. */
public interface StageLoop extends AutoCloseable {
  /** Steps the stage takes in all. */
  int steps();

  /**
   * Takes step {@code step} (from 0).
   *
   * @throws InterruptedException if the run is being ended
   */
  StepReport step(int step) throws InterruptedException;

  /** Tensors beside the policy's weights that the next step depends on, by name. */
  Map<String, Tensor> tensors();

  /** Numbers that the next step depends on. */
  ObjectNode progress();

  /** Writes whatever else the next step depends on into files of a checkpoint being made. */
  void save(Path directory) throws IOException;

  /**
   * Takes back what {@link #progress} and {@link #save} gave; {@link #tensors} have been read into
   * already.
   */
  void restore(ObjectNode progress, Path directory) throws IOException;

  @Override
  void close();
}
