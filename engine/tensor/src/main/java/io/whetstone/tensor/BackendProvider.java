package io.whetstone.tensor;

import java.util.Optional;

/** How a backend is found: named in {@code META-INF/services}, loaded by ServiceLoader. */
public interface BackendProvider {
  /** The name used in configurations: {@code cpu}, {@code cuda}, … */
  String name();

  /** Why the backend cannot run on this machine, in a sentence; empty when it can. */
  Optional<String> unavailable();

  /**
   * Opens the backend.
   *
   * @param threads worker threads; 0 for all the processors the process may use
   */
  Backend open(int threads);
}
