package io.whetstone.rewards.code;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.rewards.sandbox.Sandbox;
import io.whetstone.rewards.sandbox.SandboxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The Python interpreter itself. What PATH has under its name may be a shim of a version manager,
 * in a home directory that a sandbox hides; the interpreter is asked where it really is.
 *
 * @param prefixes the directories it lives in
 * @param packages the directories of its installed packages
 */
record Python(Path executable, List<Path> prefixes, List<String> packages) {

  private static final String QUESTION =
      """
      import json, os, site, sys
      print(json.dumps({
          "version": list(sys.version_info[:2]),
          "executable": sys.executable,
          "prefixes": [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix,
              os.path.dirname(os.path.dirname(os.path.realpath(sys.executable)))],
          "packages": site.getsitepackages()}))
      """;

  /**
   * The interpreter that a path, or {@code python3} on PATH, stands for.
   *
   * @throws SandboxException if there is none, or it does not answer
   */
  static Python find(Optional<Path> given) {
    Path path =
        given
            .or(() -> Sandbox.onPath("python3"))
            .orElseThrow(
                () ->
                    new SandboxException(
                        "there is no python3 on PATH to run programs with; install it (apt-get"
                            + " install python3, dnf install python3), or name one: python: PATH"));
    try {
      Process process =
          new ProcessBuilder(path.toString(), "-I", "-c", QUESTION)
              .redirectErrorStream(true)
              .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
              .start();
      String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new SandboxException(path + ": does not run as Python 3: " + answer.strip());
      }
      return read(path, answer);
    } catch (IOException e) {
      throw new SandboxException(path + ": could not be started: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SandboxException(path + ": was interrupted while it was asked for its place", e);
    }
  }

  private static Python read(Path path, String answer) {
    JsonNode node;
    try {
      node = new ObjectMapper().readTree(answer);
    } catch (JsonProcessingException e) {
      throw new SandboxException(path + ": does not run as Python 3: " + answer.strip(), e);
    }
    int major = node.path("version").path(0).asInt();
    int minor = node.path("version").path(1).asInt();
    if (major != 3 || minor < 8) {
      throw new SandboxException(
          "%s: is Python %d.%d; expected 3.8 or newer".formatted(path, major, minor));
    }
    List<Path> prefixes = new ArrayList<>();
    for (JsonNode prefix : node.path("prefixes")) {
      Path directory = Path.of(prefix.asText()).normalize();
      // The system's directories are in every sandbox.
      if (!directory.startsWith("/usr") && directory.getNameCount() > 0) {
        prefixes.add(directory);
      }
    }
    List<String> packages = new ArrayList<>();
    node.path("packages").forEach(directory -> packages.add(directory.asText()));
    return new Python(
        Path.of(node.path("executable").asText()), prefixes.stream().distinct().toList(), packages);
  }

  /** The words that run a program with it. */
  List<String> command(String program) {
    // -S: without site, whose .pth files can cost more than a whole test; start.py makes up for it.
    List<String> words = new ArrayList<>(List.of(executable.toString(), "-S", "-s", "-B", program));
    words.addAll(packages);
    return words;
  }
}
