package io.whetstone.datasets;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/** Randomness that is a pure function of its keys. */
final class Draw {

  private Draw() {}

  /** A generator of its own for (seed, purpose, index). */
  static SplittableRandom random(long seed, String purpose, long index) {
    return new SplittableRandom(mix(mix(seed ^ hash(purpose, 0)) + index));
  }

  /** A number in [0, 1) that depends on the text and the seed alone. */
  static double unit(String text, long seed) {
    return (hash(text, seed) >>> 11) * 0x1p-53;
  }

  /** A 64-bit hash: FNV-1a over the UTF-8 bytes, finished by {@link #mix} with the seed. */
  static long hash(String text, long seed) {
    long hash = 0xcbf29ce484222325L;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    return mix(hash + mix(seed));
  }

  /** SplitMix64's finalizer (Steele et al. 2014): each bit of the result depends on every bit. */
  static long mix(long z) {
    z += 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  static Calculation calculation(
      SplittableRandom random, Range numbers, Range values, Supplier<Character> sign) {
    int count = random.nextInt(numbers.min(), numbers.max() + 1);
    long first = random.nextInt(values.min(), values.max() + 1);
    List<Calculation.Operation> operations = new ArrayList<>(count - 1);
    for (int i = 1; i < count; i++) {
      operations.add(
          new Calculation.Operation(sign.get(), random.nextInt(values.min(), values.max() + 1)));
    }
    return new Calculation(first, operations);
  }

  /** The same text for every calculation that is the same up to the order of its terms. */
  static String key(Calculation calculation) {
    List<String> terms = new ArrayList<>();
    // The first number joins its like: in a product as *7, elsewhere as +7.
    boolean product = calculation.operations().getFirst().sign() == '*';
    terms.add((product ? "*" : "+") + calculation.first());
    calculation.operations().forEach(operation -> terms.add(operation.toString()));
    terms.sort(null);
    return String.join("", terms);
  }
}
