package io.whetstone.rewards.code;

import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardCatalog;
import java.util.Map;
import java.util.Optional;

/** Rewards that need bubblewrap and Python, where they are. */
final class Rewards {

  private Rewards() {}

  /** The reward {@code code}; empty, with a word about it, where this machine cannot run it. */
  static Optional<Reward> code(String test, Map<String, Object> settings) {
    return named("code", test, settings);
  }

  static Optional<Reward> named(String name, String test, Map<String, Object> settings) {
    try {
      return Optional.of(RewardCatalog.ofClassPath().create(name, settings));
    } catch (IllegalArgumentException e) {
      if (!e.getMessage().startsWith(name + ".sandbox: ")) {
        throw e;
      }
      System.out.println("NOT RUN: " + test + ": " + e.getMessage());
      return Optional.empty();
    }
  }
}
