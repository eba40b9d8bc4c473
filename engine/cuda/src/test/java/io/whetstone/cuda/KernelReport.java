package io.whetstone.cuda;

import io.whetstone.cuda.driver.Libraries;
import io.whetstone.cuda.driver.Nvrtc;
import io.whetstone.tensor.Heads;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What NVIDIA's compiler makes of every kernel: registers, shared memory and spills for Ampere and
 * Hopper, in report.json beside the sources, keyed by hashes of them. {@code scripts/kernel-report}
 * writes it; NVRTC needs no GPU for that.
 */
final class KernelReport {
  static final String COMMAND = "scripts/kernel-report";
  static final List<String> ARCHITECTURES = List.of("sm_80", "sm_90");

  private static final int LARGEST_HEAD = 256;
  private static final int HEAD_STEP = 32;
  private static final Pattern ENTRY = Pattern.compile("Compiling entry function '(\\w+)'");
  private static final Pattern STACK =
      Pattern.compile(
          "(\\d+) bytes stack frame, (\\d+) bytes spill stores, (\\d+) bytes spill loads");
  private static final Pattern USED = Pattern.compile("Used (\\d+) registers");
  private static final Pattern SHARED = Pattern.compile("(\\d+) bytes smem");

  private final Path directory;

  /**
   * @param directory of the sources, and of the report
   */
  KernelReport(Path directory) {
    this.directory = directory;
  }

  Path file() {
    return directory.resolve("report.json");
  }

  /** Names of the translation units. */
  List<String> sources() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".cu"))
          .sorted()
          .toList();
    }
  }

  /** Of a source, its headers, and what it is compiled for. */
  String hash(String source) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      String text = Files.readString(directory.resolve(source));
      List<String> parts = new ArrayList<>(List.of(text));
      KernelCompiler.headers(text).forEach((name, header) -> parts.addAll(List.of(name, header)));
      parts.addAll(KernelCompiler.options("ARCHITECTURE"));
      parts.addAll(ARCHITECTURES);
      defines(source).forEach(defines -> parts.add(String.join(" ", defines)));
      for (String part : parts) {
        digest.update(part.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
      }
      return HexFormat.of().formatHex(digest.digest(), 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  /** As the report has it: a report with this in it is of this source. */
  String stamp(String source) throws IOException {
    return "\"%s\": \"%s\"".formatted(source, hash(source));
  }

  /** The sets of defines that a source is compiled with. */
  static List<String[]> defines(String source) {
    return switch (source) {
      case "attention.cu", "cache.cu" ->
          IntStream.iterate(HEAD_STEP, size -> size <= LARGEST_HEAD, size -> size + HEAD_STEP)
              .mapToObj(size -> new String[] {HeadSize.of(new Heads(1, 1, size)).define()})
              .toList();
      case "norms.cu" ->
          Arrays.stream(Norms.SIZES).map(size -> NormKernels.defines(size[0], size[1])).toList();
      default -> List.<String[]>of(new String[0]);
    };
  }

  /** One kernel of a module, and what the compiler says of it for each architecture. */
  record Row(String module, String kernel, Map<String, String> uses) {
    private String json() {
      StringBuilder text = new StringBuilder();
      text.append("    {\"module\": \"%s\", \"kernel\": \"%s\"".formatted(module, kernel));
      uses.forEach((architecture, use) -> text.append(", \"%s\": %s".formatted(architecture, use)));
      return text.append("}").toString();
    }
  }

  private static List<Row> compile(Nvrtc compiler, String source, String[] defines) {
    String module =
        String.join(" ", Stream.concat(Stream.of(source), Arrays.stream(defines)).toList());
    String text = KernelCompiler.text(source).orElseThrow();
    Map<String, Map<String, String>> kernels = new TreeMap<>();
    for (String architecture : ARCHITECTURES) {
      List<String> options = new ArrayList<>(KernelCompiler.options(architecture, defines));
      options.add("--ptxas-options=-v");
      String log = compiler.compile(source, text, KernelCompiler.headers(text), options).log();
      uses(log)
          .forEach(
              (kernel, use) ->
                  kernels.computeIfAbsent(kernel, k -> new TreeMap<>()).put(architecture, use));
    }
    return kernels.entrySet().stream()
        .map(kernel -> new Row(module, kernel.getKey(), kernel.getValue()))
        .toList();
  }

  /** What a log of ptxas says of each kernel, as JSON. */
  static Map<String, String> uses(String log) {
    Map<String, String> uses = new TreeMap<>();
    String kernel = null;
    int[] stack = new int[3];
    for (String line : log.lines().toList()) {
      Matcher entry = ENTRY.matcher(line);
      Matcher frame = STACK.matcher(line);
      Matcher used = USED.matcher(line);
      if (entry.find()) {
        kernel = entry.group(1);
      } else if (frame.find()) {
        stack = IntStream.rangeClosed(1, 3).map(i -> Integer.parseInt(frame.group(i))).toArray();
      } else if (used.find() && kernel != null) {
        Matcher shared = SHARED.matcher(line);
        uses.put(
            kernel,
            "{\"registers\": %s, \"shared\": %s, \"stack\": %d, \"spilled\": %d}"
                .formatted(
                    used.group(1),
                    shared.find() ? shared.group(1) : "0",
                    stack[0],
                    stack[1] + stack[2]));
        kernel = null;
      }
    }
    return uses;
  }

  /** Compiles what is not in the report as it is now. */
  String write() throws IOException {
    Nvrtc compiler = Libraries.findCompiler();
    String before = Files.exists(file()) ? Files.readString(file()) : "";
    String version = "\"compiler\": \"NVRTC %s\"".formatted(compiler.version());
    List<String> stamps = new ArrayList<>();
    List<String> rows = new ArrayList<>();
    for (String source : sources()) {
      stamps.add("    " + stamp(source));
      if (before.contains(stamp(source)) && before.contains(version)) {
        before
            .lines()
            .filter(line -> line.startsWith("    {\"module\": \"" + source))
            .map(line -> line.replaceAll(",$", ""))
            .forEach(rows::add);
        continue;
      }
      for (String[] defines : defines(source)) {
        System.err.println(source + " " + String.join(" ", defines));
        compile(compiler, source, defines).forEach(row -> rows.add(row.json()));
      }
    }
    return """
    {
      %s,
      "options": "%s",
      "bytes": "shared is static shared memory; stack and spilled are of a thread",
      "sources": {
    %s
      },
      "kernels": [
    %s
      ]
    }
    """
        .formatted(
            version,
            String.join(" ", KernelCompiler.options("ARCHITECTURE")),
            String.join(",\n", stamps),
            String.join(",\n", rows));
  }

  /**
   * @param arguments the directory of the sources
   */
  public static void main(String[] arguments) throws IOException {
    KernelReport report = new KernelReport(Path.of(arguments[0]));
    Files.writeString(report.file(), report.write());
  }
}
