package io.whetstone.cpu;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.BackendProvider;
import java.util.Optional;

/** Offers the backend for the processor; it runs everywhere. */
public final class CpuBackendProvider implements BackendProvider {
  @Override
  public String name() {
    return CpuBackend.NAME;
  }

  @Override
  public Optional<String> unavailable() {
    return Optional.empty();
  }

  @Override
  public Backend open(int threads) {
    return new CpuBackend(threads);
  }
}
