package io.whetstone.hub;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A repository at one of its revisions; written {@code ORG/NAME} or {@code ORG/NAME@revision}.
 *
 * @param kind of what is in it
 * @param repository {@code ORG/NAME}
 * @param revision a branch, a tag or a commit
 */
public record HubName(Kind kind, String repository, String revision) {

  /** What the hub keeps apart. */
  public enum Kind {
    MODEL("models", ""),
    DATASET("datasets", "datasets/");

    /** In the API's paths and the cache's names. */
    final String plural;

    /** Before the repository in addresses of pages and files. */
    final String prefix;

    Kind(String plural, String prefix) {
      this.plural = plural;
      this.prefix = prefix;
    }
  }

  private static final String MAIN = "main";
  private static final Pattern FORM =
      Pattern.compile(
          "(?<repository>[A-Za-z0-9_][\\w.-]*/[A-Za-z0-9_][\\w.-]*)(@(?<revision>.+))?");
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final Pattern REVISION = Pattern.compile("[A-Za-z0-9_][\\w.+-]*(/[\\w.+-]+)*");

  public HubName {
    // The cache joins the two halves with "--", and both become directories.
    if (repository.contains("--") || repository.contains("..") || repository.endsWith(".")) {
      throw new IllegalArgumentException(
          repository + ": is no name of a repository; \"--\" and \"..\" cannot be in it");
    }
    if (!REVISION.matcher(revision).matches() || revision.contains("..")) {
      throw new IllegalArgumentException(
          repository + "@" + revision + ": " + revision + " is no branch, tag or commit");
    }
  }

  /** The name, or nothing where the text has another form. */
  public static Optional<HubName> parse(Kind kind, String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    String revision = matcher.group("revision");
    return Optional.of(
        new HubName(kind, matcher.group("repository"), revision == null ? MAIN : revision));
  }

  /**
   * The name, at its commit, of a snapshot in Hugging Face's cache; nothing for other directories.
   */
  public static Optional<HubName> ofSnapshot(Kind kind, Path directory) {
    Path path = directory.toAbsolutePath().normalize();
    if (path.getNameCount() < 3 || !path.getParent().endsWith("snapshots")) {
      return Optional.empty();
    }
    String folder = path.getParent().getParent().getFileName().toString();
    String[] parts = folder.split("--");
    String commit = path.getFileName().toString();
    return parts.length == 3 && parts[0].equals(kind.plural) && COMMIT.matcher(commit).matches()
        ? Optional.of(new HubName(kind, parts[1] + "/" + parts[2], commit))
        : Optional.empty();
  }

  /** Whether the revision is a full commit, which never changes. */
  boolean isCommit() {
    return COMMIT.matcher(revision).matches();
  }

  @Override
  public String toString() {
    return repository + (revision.equals(MAIN) ? "" : "@" + revision);
  }
}
