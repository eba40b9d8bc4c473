package io.whetstone.nd4j;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.BackendProvider;
import io.whetstone.tensor.CheckedBackend;
import java.util.Optional;
import org.nd4j.linalg.factory.Nd4j;

/** Offers the backend on ND4J, with whatever of its natives is on the class path. */
public final class Nd4jBackendProvider implements BackendProvider {
  @Override
  public String name() {
    return Nd4jBackend.NAME;
  }

  @Override
  public Optional<String> unavailable() {
    try {
      return Nd4j.getBackend() == null ? Optional.of("ND4J found no backend") : Optional.empty();
    } catch (RuntimeException | LinkageError e) {
      Throwable cause = e;
      while (cause.getCause() != null) {
        cause = cause.getCause();
      }
      return Optional.of("ND4J could not be started: " + cause);
    }
  }

  @Override
  public Backend open(int threads) {
    int used = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    return new CheckedBackend(new Nd4jBackend(used));
  }
}
