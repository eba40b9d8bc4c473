package io.whetstone.cuda;

import io.whetstone.cuda.driver.CudaException;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.BackendProvider;
import io.whetstone.tensor.CheckedBackend;
import java.util.Optional;

/** Offers the backend for NVIDIA GPUs where there is one, a driver, and NVIDIA's libraries. */
public final class CudaBackendProvider implements BackendProvider {
  @Override
  public String name() {
    return CudaBackend.NAME;
  }

  @Override
  public Optional<String> unavailable() {
    try {
      Gpu.look();
      return Optional.empty();
    } catch (IllegalStateException | CudaException e) {
      return Optional.of(e.getMessage());
    }
  }

  @Override
  public Backend open(int threads) {
    return new CheckedBackend(new CudaBackend(Gpu.open(), Math.max(1, threads)));
  }
}
