package io.whetstone.gpu;

import io.whetstone.tensor.Backend;
import java.util.Locale;

/** What it is that is checked. */
final class Machine {
  private Machine() {}

  static void run(Trial trial) {
    try (Backend backend = trial.open()) {
      trial.figures().put("backend", backend.description());
      trial.figures().put("capabilities", backend.capabilities().toString());
      backend
          .deviceRoom()
          .ifPresent(
              room -> {
                trial.figures().put("memory-bytes", room.total());
                trial.figures().put("memory-free-bytes", room.free());
              });
      Limits.of(backend).put(trial.figures());
    }
    trial.figures().put("java", Runtime.version().toString());
    trial.figures().put("processors", Runtime.getRuntime().availableProcessors());
    trial
        .figures()
        .put(
            "system",
            String.format(
                Locale.ROOT,
                "%s %s, %s",
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("os.arch")));
  }
}
