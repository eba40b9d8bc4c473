package io.whetstone.datasets.tables;

import io.whetstone.datasets.DatasetException;
import io.whetstone.hub.Hub;
import io.whetstone.hub.HubException;
import io.whetstone.hub.HubName;
import io.whetstone.hub.HubRepository;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Finds the files that settings name, here or at the hub. */
public final class TableFiles {

  /**
   * One file.
   *
   * @param path where it is on this machine
   * @param name what it is called within what was named; the same on every machine
   */
  public record Located(Path path, String name) {}

  private static final String README = "README.md";
  private static final Pattern AT_HUB =
      Pattern.compile("hf:/+datasets/(?<name>[^/]+/[^/]+)(/(?<rest>.*))?");

  private final TableSettings settings;
  private final Supplier<Hub> hub;

  /**
   * @param hub asked for only where the settings name something there
   */
  public TableFiles(TableSettings settings, Supplier<Hub> hub) {
    this.settings = settings;
    this.hub = hub;
  }

  /**
   * The files in order; those at the hub are in the cache afterwards.
   *
   * @param directory what a relative path starts from
   * @throws DatasetException if there are none, saying where they were looked for
   */
  public List<Located> locate(Path directory) {
    try {
      return settings.hub().isPresent()
          ? atHub(settings.hub().get(), "")
          : located(settings.path().orElseThrow(), directory);
    } catch (HubException e) {
      throw new DatasetException(e.getMessage(), e);
    } catch (IOException e) {
      throw new DatasetException(settings.path() + ": cannot be read (" + e + ")", e);
    }
  }

  private List<Located> located(Path path, Path directory) throws IOException {
    String text = path.toString().replace('\\', '/');
    Matcher atHub = AT_HUB.matcher(text);
    if (atHub.matches()) {
      return atHub(atHub.group("name"), Optional.ofNullable(atHub.group("rest")).orElse(""));
    }
    if (text.startsWith("hf:")) {
      throw new DatasetException(
          "path: " + text + " is not hf://datasets/ORG/NAME[@revision][/file or pattern]");
    }
    Path resolved = directory.resolve(path);
    if (Files.isDirectory(resolved)) {
      return inDirectory(resolved);
    }
    if (Files.isRegularFile(resolved)) {
      return List.of(new Located(resolved, resolved.getFileName().toString()));
    }
    if (FilePattern.isPattern(text)) {
      return matching(resolved);
    }
    throw new DatasetException(
        resolved
            + (Files.exists(resolved)
                ? ": is not a file or directory"
                : ": there is no such file or directory"));
  }

  private static List<Located> matching(Path pattern) throws IOException {
    Path root = pattern;
    while (FilePattern.isPattern(root.toString())) {
      root = root.getParent();
    }
    Path from = root;
    Pattern compiled = FilePattern.of(from.relativize(pattern).toString().replace('\\', '/'));
    List<Located> found =
        paths(from).stream()
            .filter(path -> compiled.matcher(path).matches())
            .map(path -> new Located(from.resolve(path), path))
            .toList();
    if (found.isEmpty()) {
      throw new DatasetException(pattern + ": no file is called so");
    }
    return found;
  }

  private static List<String> paths(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new DatasetException(directory + ": there is no such directory");
    }
    try (Stream<Path> files = Files.walk(directory)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> directory.relativize(file).toString().replace('\\', '/'))
          .sorted()
          .toList();
    }
  }

  private List<Located> inDirectory(Path directory) throws IOException {
    List<String> paths = paths(directory);
    Optional<DatasetCard> card =
        paths.contains(README)
            ? Optional.of(card(directory, directory.toString()))
            : Optional.empty();
    return new DatasetLayout(directory.toString(), paths)
        .files(card, settings.config(), settings.split()).stream()
            .map(file -> new Located(directory.resolve(file), file))
            .toList();
  }

  private static DatasetCard card(Path directory, String where) throws IOException {
    byte[] readme = Files.readAllBytes(directory.resolve(README));
    return DatasetCard.parse(new String(readme, StandardCharsets.UTF_8), where);
  }

  private List<Located> atHub(String text, String rest) throws IOException {
    HubName name =
        HubName.parse(HubName.Kind.DATASET, text)
            .orElseThrow(
                () ->
                    new DatasetException("hub: " + text + " is not ORG/NAME or ORG/NAME@revision"));
    HubRepository repository = hub.get().open(name);
    List<String> files = wanted(repository, name.toString(), rest);
    Path snapshot = repository.fetch(files);
    return files.stream().map(file -> new Located(snapshot.resolve(file), file)).toList();
  }

  private List<String> wanted(HubRepository repository, String where, String rest)
      throws IOException {
    List<String> paths = repository.paths();
    if (!rest.isEmpty()) {
      String within = rest.replaceAll("/*$", "") + "/";
      List<String> below = paths.stream().filter(path -> path.startsWith(within)).toList();
      if (!below.isEmpty()) {
        return new DatasetLayout(
                where + "/" + rest, below.stream().map(p -> p.substring(within.length())).toList())
            .files(Optional.empty(), settings.config(), settings.split()).stream()
                .map(within::concat)
                .toList();
      }
      Pattern compiled = FilePattern.of(rest);
      List<String> found = paths.stream().filter(p -> compiled.matcher(p).matches()).toList();
      if (found.isEmpty()) {
        throw new DatasetException(where + ": no file is called " + rest);
      }
      return found;
    }
    Optional<DatasetCard> card =
        paths.contains(README)
            ? Optional.of(card(repository.fetch(List.of(README)), where))
            : Optional.empty();
    return new DatasetLayout(where, paths).files(card, settings.config(), settings.split());
  }
}
