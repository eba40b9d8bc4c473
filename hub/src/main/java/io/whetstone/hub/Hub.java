package io.whetstone.hub;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Models and datasets by name, from the cache that huggingface_hub shares, else from the hub.
 *
 * <p>What the cache has is used as it is, without asking whether a branch has moved on since;
 * {@code ORG/NAME@COMMIT} asks for another state. Safe for use by several threads and processes at
 * once.
 */
public final class Hub {

  private final HubSettings settings;
  private final DownloadListener listener;

  public Hub(HubSettings settings, DownloadListener listener) {
    this.settings = settings;
    this.listener = listener;
  }

  HubSettings settings() {
    return settings;
  }

  DownloadListener listener() {
    return listener;
  }

  /**
   * A model's directory: configuration, tokenizer, templates and safetensors, all of them there.
   *
   * @throws HubException if it cannot be had
   */
  public Path model(HubName name) {
    HubCache cache = new HubCache(settings.cache(), name);
    Optional<Path> cached = cache.commit().flatMap(commit -> complete(name, cache, commit));
    if (cached.isPresent()) {
      return cached.get();
    }
    HubRepository repository = open(name);
    List<String> paths = repository.paths();
    Path directory = repository.fetch(ModelFiles.descriptions(paths));
    // Last, so that where the weights are whole, all is there.
    return repository.fetch(ModelFiles.weights(name, paths, directory));
  }

  /** The snapshot, where it has all that a model needs, whoever downloaded it. */
  private Optional<Path> complete(HubName name, HubCache cache, String commit) {
    Path snapshot = cache.snapshot(commit);
    List<String> there = cache.paths(commit);
    Optional<HubListing> listing = cache.listing(commit);
    try {
      List<String> all =
          listing
              .map(known -> known.files().stream().map(HubFile::path).toList())
              .orElse(List.of(ModelFiles.CONFIG, ModelFiles.TOKENIZER));
      boolean described = there.containsAll(ModelFiles.descriptions(all));
      boolean weighed =
          there.containsAll(ModelFiles.weights(name, listing.isPresent() ? all : there, snapshot));
      return described && weighed ? Optional.of(snapshot) : Optional.empty();
    } catch (HubException e) {
      return Optional.empty(); // Only a part is there; the hub has the rest.
    }
  }

  /**
   * A repository, to ask for some of its files.
   *
   * @throws HubException if it cannot be had
   */
  public HubRepository open(HubName name) {
    HubCache cache = new HubCache(settings.cache(), name);
    Optional<String> commit = cache.commit();
    Optional<HubListing> kept = commit.flatMap(cache::listing);
    if (kept.isPresent()) {
      return new HubRepository(this, name, cache, commit.get(), kept);
    }
    if (settings.offline()) {
      return new HubRepository(
          this, name, cache, commit.orElseThrow(() -> absent(name, null)), Optional.empty());
    }
    try (HubClient client = new HubClient(settings, listener)) {
      HubListing listing = client.listing(name, commit.orElse(name.revision()));
      cache.keep(listing);
      cache.point(listing.commit());
      return new HubRepository(this, name, cache, listing.commit(), Optional.of(listing));
    } catch (IOException e) {
      throw new HubException(
          "%s: the cache at %s cannot be written (%s); set HF_HOME to a directory that can be"
              .formatted(name, settings.cache(), e),
          e);
    } catch (HubException e) {
      if (e.isUnreachable() && commit.isPresent()) {
        listener.note(e.getMessage() + "; going on with what the cache has");
        return new HubRepository(this, name, cache, commit.get(), Optional.empty());
      }
      throw e;
    }
  }

  private HubException absent(HubName name, Throwable cause) {
    return new HubException(
        "%s: is not in the cache at %s, and HF_HUB_OFFLINE forbids to download it; unset it, or fetch"
                .formatted(name, settings.cache())
            + " it where there is a network: hf download "
            + (name.kind() == HubName.Kind.DATASET ? "--repo-type dataset " : "")
            + name.repository(),
        cause);
  }
}
