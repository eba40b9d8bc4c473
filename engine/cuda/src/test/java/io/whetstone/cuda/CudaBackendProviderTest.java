package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.cuda.driver.Libraries;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the backend is found, and what it says where it cannot run. */
class CudaBackendProviderTest {
  @TempDir Path place;

  @AfterEach
  void forget() {
    System.clearProperty(Libraries.PROPERTY);
  }

  /** On every machine: one that has a driver lacks the other libraries there. */
  @Test
  void withoutLibrariesItSaysWhatIsMissing() {
    System.setProperty(Libraries.PROPERTY, place.toString());
    String why = new CudaBackendProvider().unavailable().orElseThrow();
    assertTrue(why.contains(place.toString()), why);
    assertTrue(why.contains("libcuda.so.1") || why.contains("libnvrtc is missing"), why);
    String message =
        assertThrows(IllegalArgumentException.class, () -> Backends.open("cuda", 1)).getMessage();
    assertEquals("backend: cuda cannot run here: " + why, message);
  }

  @Test
  void aDirectoryThatIsNotThereIsSaid() {
    System.setProperty(Libraries.PROPERTY, place.resolve("nowhere").toString());
    assertTrue(new CudaBackendProvider().unavailable().isPresent());
    assertTrue(Files.notExists(place.resolve("nowhere")));
  }

  @Test
  void onAGpuItIsOpenedByName() {
    StandIn.fast().use();
    assertEquals(Optional.empty(), new CudaBackendProvider().unavailable());
    try (Backend backend = Backends.open("cuda", 3)) {
      assertEquals("cuda", backend.name());
      assertEquals(3, backend.threads());
      assertTrue(backend.description().contains("stand-in GPU"), backend.description());
      assertTrue(backend.deviceRoom().orElseThrow().total() > 0);
    }
  }
}
