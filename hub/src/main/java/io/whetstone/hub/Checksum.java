package io.whetstone.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The checksum that the hub gives for a file, over bytes as they come. */
final class Checksum {

  private final HubFile file;
  private final MessageDigest digest;

  Checksum(HubFile file) {
    this.file = file;
    try {
      this.digest = MessageDigest.getInstance(file.sha256().isPresent() ? "SHA-256" : "SHA-1");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-1 and SHA-256", e);
    }
    if (file.sha256().isEmpty()) {
      // What git hashes of a file: a header, then its bytes.
      digest.update(("blob " + file.size() + "\0").getBytes(StandardCharsets.US_ASCII));
    }
  }

  void update(byte[] bytes, int count) {
    digest.update(bytes, 0, count);
  }

  /** Adds the bytes of a file and returns how many they are. */
  long update(Path path) throws IOException {
    byte[] buffer = new byte[1 << 20];
    long size = 0;
    try (InputStream in = Files.newInputStream(path)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        update(buffer, n);
        size += n;
      }
    }
    return size;
  }

  /** What the bytes have; ends the sum. */
  String hex() {
    return HexFormat.of().formatHex(digest.digest());
  }

  /** What they should have. */
  String expected() {
    return file.blob();
  }
}
