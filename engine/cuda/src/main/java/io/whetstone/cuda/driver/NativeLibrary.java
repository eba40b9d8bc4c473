package io.whetstone.cuda.driver;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;

/**
 * A shared library that was found and loaded; it stays loaded until the process ends.
 *
 * @param file where it lies, or its name where the system's loader found it
 * @param symbols its functions
 */
record NativeLibrary(String file, SymbolLookup symbols) {
  /**
   * The address of a function.
   *
   * @throws IllegalStateException when the library has none of that name, so it is too old
   */
  MemorySegment function(String name) {
    return symbols
        .find(name)
        .orElseThrow(
            () ->
                new IllegalStateException(
                    file
                        + " has no "
                        + name
                        + ": it is older than CUDA 12.0, the oldest that is supported; install a"
                        + " newer one"));
  }
}
