package io.whetstone.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;

/**
 * Reads a {@code tokenizer.json} in a process of its own before this one reads it. The tokenizers
 * library is Rust: where it meets what its authors did not think of it panics, and a panic beneath
 * Java's native interface ends the process, without an exception that could be caught.
 *
 * <p>What was read well is remembered by its content, in the user's cache directory, so that a file
 * is tried the first time that it is met, and never again. Where no process can be started, nothing
 * is tried.
 */
final class TokenizerTrial {
  /** The property that names another directory to remember in; {@code none} for no trials. */
  private static final String PLACE = "whetstone.tokenizer.trials";

  /** What the process says before it asks anything of the library. */
  private static final String BEGUN = "begun";

  private static final int REFUSED = 3;

  /** Far above what the largest vocabularies take, a quarter of a million tokens. */
  private static final long SECONDS = 120;

  /** What normalisers and splits tell apart: scripts, marks, spaces, digits, halves of a tag. */
  private static final List<String> TEXTS =
      List.of(
          "Hello, w\u00f6rld! It's 12+34=46.\n\n\t  <think> x\u00a0y </think>\r\n",
          "\u65e5\u672c\u8a9e \ufb01 \u0130 \u00df e\u0301 \ud83d\ude00 \u0e01\u0e33"
              + " \u05d0\u200d\ufeff",
          " ");

  private final Path place;

  /**
   * @param place the directory to remember in
   */
  TokenizerTrial(Path place) {
    this.place = place;
  }

  /** The one that remembers in the user's cache directory; none where trials are switched off. */
  static Optional<TokenizerTrial> asConfigured() {
    String said = System.getProperty(PLACE, "");
    if (said.equals("none")) {
      return Optional.empty();
    }
    if (!said.isBlank()) {
      return Optional.of(new TokenizerTrial(Path.of(said)));
    }
    String caches = System.getenv("XDG_CACHE_HOME");
    Path base =
        caches == null || caches.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(caches);
    return Optional.of(new TokenizerTrial(base.resolve("whetstone").resolve("tokenizers")));
  }

  /**
   * @param file that {@code files} was read from
   * @throws TokenizerException when the library ends the process, or does not come to an end
   */
  void require(Path file, TokenizerFiles files) {
    Path known = place.resolve(files.sha256() + "-" + libraryVersion());
    if (!Files.exists(known) && isRead(file)) {
      remember(known);
    }
  }

  private static String libraryVersion() {
    try (InputStream in =
        HuggingFaceTokenizer.class.getResourceAsStream("/native/lib/tokenizers.properties")) {
      String properties =
          in == null ? "" : new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
      return properties.replaceAll("[^0-9A-Za-z.-]+", "_");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Nothing is lost where that fails but the time of another trial. */
  private static void remember(Path known) {
    try {
      Files.createDirectories(known.getParent());
      Files.write(known, new byte[0]);
    } catch (IOException e) {
      return;
    }
  }

  /**
   * Whether a process read the file.
   *
   * @return false where it could not be tried, or was refused in a way that this process will see
   * @throws TokenizerException as {@link #require} does
   */
  static boolean isRead(Path file) {
    Process process;
    try {
      process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx1g",
                  "-XX:+UseSerialGC",
                  "-XX:TieredStopAtLevel=1",
                  "-XX:+SuppressFatalErrorMessage",
                  "--enable-native-access=ALL-UNNAMED",
                  "-DRUST_FLAVOR=cpu",
                  "-cp",
                  System.getProperty("java.class.path"),
                  TokenizerTrial.class.getName())
              .redirectInput(file.toFile())
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      return false;
    }
    try {
      if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
        throw refusal(file, "was still reading it after " + SECONDS + " s");
      }
      int code = process.exitValue();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (code != 0 && code != REFUSED && said.contains(BEGUN)) {
        throw refusal(file, "ended the process that read it (" + reason(code, said) + ")");
      }
      return code == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      process.destroyForcibly();
    }
  }

  private static TokenizerException refusal(Path file, String what) {
    return new TokenizerException(
        file
            + ": damaged, or of a kind that is not supported: the tokenizers library "
            + what
            + "; fetch the file again, or save the tokenizer anew with transformers'"
            + " save_pretrained");
  }

  /** A panic says where it was in one line, and why in the next. */
  private static String reason(int code, String said) {
    List<String> lines = said.lines().toList();
    for (int i = 0; i + 1 < lines.size(); i++) {
      if (lines.get(i).contains("panicked at")) {
        return lines.get(i + 1).strip();
      }
    }
    return code > 128 ? "signal " + (code - 128) : "exit code " + code;
  }

  /** The process: a {@code tokenizer.json} comes by standard input. */
  public static void main(String[] arguments) throws IOException {
    System.out.println(BEGUN);
    byte[] json = System.in.readAllBytes();
    try (HuggingFaceTokenizer tokenizer = Tokenizer.library(json)) {
      TEXTS.forEach(text -> encode(tokenizer, text));
      // Each token is spelled out in two bytes at least, and the comma behind it.
      tokenizer.decode(LongStream.range(0, json.length / 4).toArray(), false);
    } catch (IOException | RuntimeException e) {
      System.exit(REFUSED);
    }
  }

  private static void encode(HuggingFaceTokenizer tokenizer, String text) {
    try {
      tokenizer.encode(text, true, false).getCharTokenSpans();
      tokenizer.decode(tokenizer.encode(text, false, false).getIds(), false);
    } catch (RuntimeException e) {
      return; // a vocabulary need not have every text
    }
  }
}
