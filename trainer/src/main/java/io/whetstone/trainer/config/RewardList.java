package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Rewards without an experiment around them: what {@code score} is given as a file of its own, or
 * on the command line.
 *
 * @param rewards what completions are scored by
 * @param rewardPlugins directory of jars in which further rewards are found
 */
public record RewardList(List<RewardEntry> rewards, Optional<Path> rewardPlugins) {

  public RewardList {
    RewardEntry.check(rewards);
    rewards = List.copyOf(rewards);
  }

  /** The rewards of an experiment's stage. */
  public static RewardList of(Grpo grpo) {
    return new RewardList(grpo.rewards(), grpo.rewardPlugins());
  }

  /**
   * A file with {@code rewards:} and perhaps {@code reward-plugins:}, or with the list alone; empty
   * where the file holds an experiment.
   *
   * @throws ConfigurationException when it cannot be used
   */
  public static Optional<RewardList> load(Path file) {
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException e) {
      return Optional.empty(); // Configuration.load says why
    }
    Object root = YamlTree.parse(text, file.toString()).root();
    boolean experiment = !(root instanceof List) && !isRewards(root);
    return experiment ? Optional.empty() : Optional.of(read(root, file.toString(), file));
  }

  private static boolean isRewards(Object root) {
    return root instanceof Map<?, ?> map
        && map.containsKey("rewards")
        && !map.containsKey("stages");
  }

  /**
   * As written on the command line: {@code '[format, {length-budget: {budget: 100}}]'}, or one
   * reward without the brackets.
   */
  public static RewardList parse(String text) {
    Object root = YamlTree.parse(text, "--rewards").root();
    return read(
        root instanceof List || isRewards(root) ? root : List.of(root), "--rewards", Path.of("x"));
  }

  private static RewardList read(Object root, String name, Path file) {
    Map<?, ?> tree = root instanceof Map<?, ?> map ? map : Map.of("rewards", root);
    Resolution resolution = new Resolution(path -> Configuration.locate(path, file));
    try {
      @SuppressWarnings("unchecked") // a YamlTree's maps have text keys
      Map<String, Object> given = (Map<String, Object>) tree;
      Settings.read(given, RewardList.class, "");
      return Settings.read(resolution.complete(tree, RewardList.class, ""), RewardList.class, "");
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException(name + ": " + e.getMessage(), e);
    }
  }
}
