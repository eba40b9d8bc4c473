package io.whetstone.hub;

import java.util.Arrays;
import java.util.Optional;

/**
 * A file of a repository, as the hub lists it.
 *
 * @param path within the repository, with {@code /}
 * @param size in bytes
 * @param sha256 of its bytes, in hexadecimal; large files have it
 * @param gitSha1 of its git blob, in hexadecimal; the others have this
 */
record HubFile(String path, long size, Optional<String> sha256, Optional<String> gitSha1) {

  HubFile {
    boolean leaves =
        path.isEmpty()
            || path.startsWith("/")
            || path.indexOf('\\') >= 0
            || path.indexOf(':') >= 0
            || path.chars().anyMatch(c -> c < ' ')
            || Arrays.stream(path.split("/", -1))
                .anyMatch(part -> part.isEmpty() || part.equals(".") || part.equals(".."));
    if (leaves) {
      throw new HubException(
          "the hub lists a file \""
              + path
              + "\", which leaves the repository; nothing was written");
    }
    if (size < 0) {
      throw new HubException(path + ": the hub says it has " + size + " bytes");
    }
    if (!sha256.orElse("0".repeat(64)).matches("[0-9a-f]{64}")
        || !gitSha1.orElse("0".repeat(40)).matches("[0-9a-f]{40}")
        || sha256.isEmpty() && gitSha1.isEmpty()) {
      throw new HubException(path + ": the hub gives no checksum for it that could be checked");
    }
  }

  /** What the cache calls its bytes. */
  String blob() {
    return sha256.orElseGet(gitSha1::orElseThrow);
  }
}
