package io.whetstone.gpu;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import java.nio.file.Path;

/**
 * What a part of the check is given.
 *
 * @param backend the name of the backend under test
 * @param small whether sizes are those of a machine without a GPU: seconds on the stand-in
 * @param home where the package lies, with its configurations
 * @param seconds what is left of the check's time
 * @param figures where the part puts what it finds
 */
record Trial(String backend, boolean small, Path home, double seconds, ObjectNode figures) {
  /** What does one part's work: a failure is an exception, whatever was found before it stays. */
  @FunctionalInterface
  interface Work {
    void run(Trial trial) throws Exception;
  }

  Backend open() {
    return Backends.open(backend, 0);
  }
}
