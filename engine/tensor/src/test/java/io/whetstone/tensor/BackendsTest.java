package io.whetstone.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class BackendsTest {
  @TempDir Path services;

  /** Runs on a machine that has none of what it needs. */
  public static final class Broken implements BackendProvider {
    @Override
    public String name() {
      return "broken";
    }

    @Override
    public Optional<String> unavailable() {
      return Optional.of("no driver was found");
    }

    @Override
    public Backend open(int threads) {
      throw new AssertionError("opened though unavailable");
    }
  }

  /** Remembers in its failure how it was opened. */
  public static final class Working implements BackendProvider {
    @Override
    public String name() {
      return "working";
    }

    @Override
    public Optional<String> unavailable() {
      return Optional.empty();
    }

    @Override
    public Backend open(int threads) {
      throw new UnsupportedOperationException("opened with " + threads);
    }
  }

  @Test
  void anUnknownNameListsThoseThereAre() throws Exception {
    String message = messageWith(() -> Backends.open("cpv", 1), Broken.class, Working.class);
    String start = "backend: cpv is not on the class path; there is broken, working. ";
    assertTrue(message.startsWith(start), message);
  }

  @Test
  void anEmptyClassPathIsSaid() throws Exception {
    String message = messageWith(() -> Backends.open("cpu", 1));
    String start = "backend: cpu is not on the class path; there is none. ";
    assertTrue(message.startsWith(start), message);
  }

  @Test
  void aBackendThatCannotRunSaysWhy() throws Exception {
    assertEquals(
        "backend: broken cannot run here: no driver was found",
        messageWith(() -> Backends.open("broken", 1), Broken.class, Working.class));
  }

  @Test
  void theNamedBackendIsOpenedWithTheThreads() throws Exception {
    assertEquals(
        "opened with 5",
        messageWith(() -> Backends.open("working", 5), Broken.class, Working.class));
  }

  /** The failure's message where just these providers are on the class path. */
  private String messageWith(Executable call, Class<?>... providers) throws Exception {
    Path file = services.resolve("META-INF/services/" + BackendProvider.class.getName());
    Files.createDirectories(file.getParent());
    StringBuilder names = new StringBuilder();
    for (Class<?> provider : providers) {
      names.append(provider.getName()).append('\n');
    }
    Files.writeString(file, names);
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {services.toUri().toURL()}, before)) {
      thread.setContextClassLoader(loader);
      return assertThrows(RuntimeException.class, call).getMessage();
    } finally {
      thread.setContextClassLoader(before);
    }
  }
}
