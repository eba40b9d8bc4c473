package io.whetstone.trainer.run;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Which Whetstone this is. */
final class Build {
  private Build() {}

  /** The version in the jar's manifest; {@code development} where classes run without a jar. */
  static String version() {
    String version = Build.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  /**
   * The commit of the repository that the classes were built in (not of the directory that the
   * command was given in); null where there is none, or no git.
   */
  static String commit() {
    Path place = repository();
    if (place == null) {
      return null;
    }
    try {
      Process git =
          new ProcessBuilder(
                  "git", "-C", place.toString(), "describe", "--always", "--dirty", "--abbrev=40")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      git.getOutputStream().close();
      if (!git.waitFor(10, TimeUnit.SECONDS)) {
        git.destroyForcibly();
        return null;
      }
      String text = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return git.exitValue() == 0 ? text : null;
    } catch (IOException e) {
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  private static Path repository() {
    try {
      Path place = Path.of(Build.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      while (place != null && !Files.exists(place.resolve(".git"))) {
        place = place.getParent();
      }
      return place;
    } catch (URISyntaxException e) {
      return null;
    }
  }
}
