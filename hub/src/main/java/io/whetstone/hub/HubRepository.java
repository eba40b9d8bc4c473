package io.whetstone.hub;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A repository at one commit; its files are downloaded as they are asked for. */
public final class HubRepository {

  private final Hub hub;
  private final HubName name;
  private final HubCache cache;
  private final String commit;
  private final Map<String, HubFile> listed;

  HubRepository(
      Hub hub, HubName name, HubCache cache, String commit, Optional<HubListing> listing) {
    this.hub = hub;
    this.name = name;
    this.cache = cache;
    this.commit = commit;
    this.listed = new TreeMap<>();
    listing.ifPresent(known -> known.files().forEach(file -> listed.put(file.path(), file)));
  }

  /** 40 hexadecimal digits. */
  public String commit() {
    return commit;
  }

  /** The files there are, in order; where the hub was not asked, those that the cache has. */
  public List<String> paths() {
    return listed.isEmpty() ? cache.paths(commit) : List.copyOf(listed.keySet());
  }

  /**
   * Makes sure of files and returns the directory they are in.
   *
   * @param paths some of {@link #paths}
   * @throws HubException if one cannot be had
   */
  public Path fetch(Collection<String> paths) {
    List<HubFile> missing =
        paths.stream().filter(path -> !cache.has(commit, path)).map(this::listed).toList();
    try {
      if (!missing.isEmpty()) {
        download(missing);
      }
      return cache.snapshot(commit);
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  private HubFile listed(String path) {
    HubFile file = listed.get(path);
    if (file == null || hub.settings().offline()) {
      throw new HubException(
          "%s: %s is not in the cache at %s, and %s"
              .formatted(
                  name,
                  path,
                  cache.snapshot(commit),
                  hub.settings().offline()
                      ? "HF_HUB_OFFLINE forbids to download it"
                      : "the hub does not have it"));
    }
    return file;
  }

  private void download(List<HubFile> files) throws IOException {
    long total = files.stream().mapToLong(HubFile::size).sum();
    requireSpace(files);
    Meter meter = new Meter(hub.listener(), total);
    try (HubClient client = new HubClient(hub.settings(), hub.listener())) {
      for (HubFile file : files) {
        new Download(client, hub.settings(), hub.listener(), meter, cache, name, commit, file)
            .run();
        cache.link(commit, file);
      }
    }
    hub.listener().done(name.toString(), total);
  }

  private void requireSpace(List<HubFile> files) throws IOException {
    long needed = 0;
    for (HubFile file : files) {
      Path partial = cache.partial(file);
      needed +=
          Files.isRegularFile(cache.blob(file))
              ? 0
              : file.size() - (Files.exists(partial) ? Files.size(partial) : 0);
    }
    Path there = hub.settings().cache().toAbsolutePath();
    while (!Files.exists(there)) {
      there = there.getParent();
    }
    FileStore store = Files.getFileStore(there);
    if (store.getUsableSpace() < needed) {
      throw new HubException(
          "%s: needs %,d MB more, and %,d MB are free at %s; make room, or set HF_HOME to another disc"
              .formatted(
                  name,
                  needed / 1_000_000,
                  store.getUsableSpace() / 1_000_000,
                  hub.settings().cache()));
    }
  }

  private HubException unwritable(IOException e) {
    boolean full = String.valueOf(e.getMessage()).contains("No space left");
    return new HubException(
        "%s: the cache at %s cannot be written (%s); %s"
            .formatted(
                name,
                hub.settings().cache(),
                e,
                full
                    ? "make room and start again: what was downloaded is kept"
                    : "set HF_HOME to a directory that can be"),
        e);
  }
}
