package io.whetstone.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** NVIDIA's compiler for kernels at run time, libnvrtc (nvrtc.h). */
public final class Nvrtc {
  private final NativeLibrary library;
  private final int major;
  private final int minor;

  Nvrtc(NativeLibrary library) {
    this.library = library;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment numbers = arena.allocate(JAVA_INT, 2);
      check(
          "nvrtcVersion",
          Native.call(
              library.function("nvrtcVersion"),
              numbers.address(),
              numbers.address() + Integer.BYTES));
      major = numbers.get(JAVA_INT, 0);
      minor = numbers.get(JAVA_INT, Integer.BYTES);
    }
  }

  /** Where the library lies. */
  public String file() {
    return library.file();
  }

  /** The CUDA it belongs to: 12, 13. */
  public int major() {
    return major;
  }

  /** {@code 12.8}. */
  public String version() {
    return major + "." + minor;
  }

  private void check(String function, int code) {
    if (code != 0) {
      throw new CudaException(
          function, code, Native.text(library.function("nvrtcGetErrorString"), code));
    }
  }

  /** The compute capabilities it compiles for, rising: 10 · major + minor. */
  public List<Integer> architectures() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(JAVA_INT);
      check(
          "nvrtcGetNumSupportedArchs",
          Native.call(library.function("nvrtcGetNumSupportedArchs"), count.address()));
      MemorySegment numbers = arena.allocate(JAVA_INT, Math.max(1, count.get(JAVA_INT, 0)));
      check(
          "nvrtcGetSupportedArchs",
          Native.call(library.function("nvrtcGetSupportedArchs"), numbers.address()));
      return Arrays.stream(numbers.toArray(JAVA_INT)).sorted().boxed().toList();
    }
  }

  /** What a compilation gave: the image is for a driver to load. */
  public record Compiled(byte[] image, String log) {}

  /**
   * Compiles a translation unit.
   *
   * @param name the source's name, for messages
   * @param headers what its includes name, and their texts
   * @param options as on nvrtc's command line; with a real architecture the image is a cubin, with
   *     a virtual one PTX
   * @throws IllegalStateException with the compiler's messages, when the source is wrong
   */
  public Compiled compile(
      String name, String source, Map<String, String> headers, List<String> options) {
    try (Arena arena = Arena.ofConfined()) {
      List<String> names = List.copyOf(headers.keySet());
      MemorySegment program = arena.allocate(JAVA_LONG);
      check(
          "nvrtcCreateProgram",
          Native.call(
              library.function("nvrtcCreateProgram"),
              program.address(),
              arena.allocateFrom(source).address(),
              arena.allocateFrom(name).address(),
              names.size(),
              strings(arena, names.stream().map(headers::get).toList()),
              strings(arena, names)));
      long handle = program.get(JAVA_LONG, 0);
      try {
        int code =
            Native.call(
                library.function("nvrtcCompileProgram"),
                handle,
                options.size(),
                strings(arena, options));
        String log = log(arena, handle);
        if (code != 0) {
          throw new IllegalStateException(
              "%s does not compile with %s, %s:%n%s"
                  .formatted(name, library.file(), String.join(" ", options), log));
        }
        boolean virtual = options.stream().anyMatch(option -> option.contains("=compute_"));
        return new Compiled(bytes(arena, handle, virtual ? "PTX" : "CUBIN"), log);
      } finally {
        Native.call(library.function("nvrtcDestroyProgram"), program.address());
      }
    }
  }

  /** The address of an array of C strings. */
  private static long strings(Arena arena, List<String> texts) {
    MemorySegment array = arena.allocate(JAVA_LONG, Math.max(1, texts.size()));
    for (int i = 0; i < texts.size(); i++) {
      array.setAtIndex(JAVA_LONG, i, arena.allocateFrom(texts.get(i)).address());
    }
    return array.address();
  }

  private String log(Arena arena, long program) {
    MemorySegment size = arena.allocate(JAVA_LONG);
    check(
        "nvrtcGetProgramLogSize",
        Native.call(library.function("nvrtcGetProgramLogSize"), program, size.address()));
    MemorySegment text = arena.allocate(Math.max(1, size.get(JAVA_LONG, 0)));
    check(
        "nvrtcGetProgramLog",
        Native.call(library.function("nvrtcGetProgramLog"), program, text.address()));
    return text.getString(0).strip();
  }

  private byte[] bytes(Arena arena, long program, String kind) {
    MemorySegment size = arena.allocate(JAVA_LONG);
    String getSize = "nvrtcGet" + kind + "Size";
    check(getSize, Native.call(library.function(getSize), program, size.address()));
    MemorySegment image = arena.allocate(Math.max(1, size.get(JAVA_LONG, 0)));
    String get = "nvrtcGet" + kind;
    check(get, Native.call(library.function(get), program, image.address()));
    return image.toArray(JAVA_BYTE);
  }
}
