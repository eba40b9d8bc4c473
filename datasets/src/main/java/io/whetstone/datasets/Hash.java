package io.whetstone.datasets;

import java.nio.charset.StandardCharsets;

/** 64-bit hashes: two different texts out of a million share one with probability 3e-8. */
final class Hash {

  private Hash() {}

  /** FNV-1a over the UTF-8 bytes, finished by {@link #mix} with the key. */
  static long of(String text, long key) {
    long hash = 0xcbf29ce484222325L;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    return mix(hash + mix(key));
  }

  /** SplitMix64's finalizer (Steele et al. 2014): each bit of the result depends on every bit. */
  static long mix(long z) {
    z += 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /** A number in [0, 1) that depends on the text and the key alone. */
  static double unit(String text, long key) {
    return (of(text, key) >>> 11) * 0x1p-53;
  }
}
