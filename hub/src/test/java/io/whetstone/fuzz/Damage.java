package io.whetstone.fuzz;

import java.util.random.RandomGenerator;

/** One way to damage a file. */
@FunctionalInterface
public interface Damage {
  /**
   * @param file is not changed
   * @return a damaged copy
   */
  byte[] of(byte[] file, RandomGenerator random);

  /** Bits, bytes, numbers, lengths: without a thought for what they mean. */
  static Damage bytes() {
    return new ByteDamage();
  }

  /** Values, keys and structure of a JSON document, which stays one. */
  static Damage json() {
    return new JsonDamage();
  }

  /** The same in one line of many. */
  static Damage jsonLines() {
    return new JsonDamage().ofLines();
  }

  /** Words and signs of a text, by others that it has: what a parser must make sense of. */
  static Damage words() {
    return new WordDamage();
  }
}
