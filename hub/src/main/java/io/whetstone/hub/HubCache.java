package io.whetstone.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One repository in the cache that huggingface_hub shares:
 *
 * <pre>
 * models--ORG--NAME/
 *   refs/main                      the commit that a branch or tag was at
 *   snapshots/COMMIT/config.json → ../../blobs/SHA
 *   blobs/SHA                      bytes; SHA is their SHA-256, or their git blob's SHA-1
 *   .whetstone/COMMIT.json         what the repository holds at the commit (ours alone)
 * .locks/models--ORG--NAME/SHA.lock
 * </pre>
 */
final class HubCache {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final HubName name;
  private final Path directory;
  private final Path locks;

  HubCache(Path cache, HubName name) {
    this.name = name;
    String folder = name.kind().plural + "--" + name.repository().replace("/", "--");
    this.directory = cache.resolve(folder);
    this.locks = cache.resolve(".locks").resolve(folder);
  }

  /** The commit that the name stands for, where the cache has its snapshot. */
  Optional<String> commit() {
    if (name.isCommit()) {
      return Optional.of(name.revision()).filter(commit -> Files.isDirectory(snapshot(commit)));
    }
    try {
      String commit = Files.readString(ref()).strip();
      return Optional.of(commit)
          .filter(c -> c.matches("[0-9a-f]{40}") && Files.isDirectory(snapshot(c)));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private Path ref() {
    return directory.resolve("refs").resolve(name.revision());
  }

  Path snapshot(String commit) {
    return directory.resolve("snapshots").resolve(commit);
  }

  Path blob(HubFile file) {
    return directory.resolve("blobs").resolve(file.blob());
  }

  Path partial(HubFile file) {
    return directory.resolve("blobs").resolve(file.blob() + ".incomplete");
  }

  Path lock(HubFile file) {
    return locks.resolve(file.blob() + ".lock");
  }

  /** Whether a snapshot has a file. */
  boolean has(String commit, String path) {
    return Files.isRegularFile(snapshot(commit).resolve(path));
  }

  /** The files of a snapshot, in order. */
  List<String> paths(String commit) {
    Path snapshot = snapshot(commit);
    try (Stream<Path> files = Files.walk(snapshot)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> snapshot.relativize(file).toString().replace('\\', '/'))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new HubException(snapshot + ": cannot be read (" + e + ")", e);
    }
  }

  /** Puts a file's bytes, which are in the cache, into a snapshot. */
  void link(String commit, HubFile file) throws IOException {
    Path link = snapshot(commit).resolve(file.path());
    Files.createDirectories(link.getParent());
    try {
      // Relative, so that the cache can be moved.
      Files.createSymbolicLink(link, link.getParent().relativize(blob(file)));
    } catch (FileAlreadyExistsException e) {
      if (!Files.exists(link)) {
        Files.delete(link);
        link(commit, file);
      }
    } catch (UnsupportedOperationException | IOException e) {
      // No links here: huggingface_hub then stores the file itself, and so do we.
      Path whole = link.resolveSibling(link.getFileName() + ".incomplete");
      Files.copy(blob(file), whole, StandardCopyOption.REPLACE_EXISTING);
      Files.move(whole, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** Remembers the commit that the name's branch or tag is at. */
  void point(String commit) throws IOException {
    if (!name.isCommit()) {
      write(ref(), commit);
    }
  }

  /** What the repository holds at a commit, where that was kept. */
  Optional<HubListing> listing(String commit) {
    Path kept = kept(commit);
    try {
      return Optional.of(HubListing.parse(Files.readString(kept), kept.toString()));
    } catch (IOException | HubException e) {
      return Optional.empty(); // Whoever made the snapshot kept none.
    }
  }

  void keep(HubListing listing) throws IOException {
    List<Map<String, Object>> files = listing.files().stream().map(HubCache::described).toList();
    try {
      write(
          kept(listing.commit()),
          JSON.writeValueAsString(Map.of("sha", listing.commit(), "siblings", files)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, Object> described(HubFile file) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("rfilename", file.path());
    fields.put("size", file.size());
    file.gitSha1().ifPresent(sha -> fields.put("blobId", sha));
    file.sha256().ifPresent(sha -> fields.put("lfs", Map.of("sha256", sha, "size", file.size())));
    return fields;
  }

  private Path kept(String commit) {
    return directory.resolve(".whetstone").resolve(commit + ".json");
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Path whole = Files.createTempFile(file.getParent(), ".", ".incomplete");
    try {
      Files.write(whole, text.getBytes(StandardCharsets.UTF_8));
      Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(whole);
    }
  }
}
