package io.whetstone.datasets.tables;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.settings.Names;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which files of a Hugging Face dataset belong to a split: what its card says, else what the files'
 * names say, by the rules of Hugging Face's datasets (data_files.py):
 *
 * <ol>
 *   <li>{@code data/SPLIT-00000-of-00002.parquet};
 *   <li>a directory that is called train, training, validation, valid, dev, val, test, testing,
 *       eval or evaluation, alone or between {@code - . _}, a space or a digit;
 *   <li>a file that is so called;
 *   <li>all files are train.
 * </ol>
 */
final class DatasetLayout {

  private static final Map<String, String> KEYWORDS =
      Map.of(
          "train", "train|training",
          "validation", "validation|valid|dev|val",
          "test", "test|testing|eval|evaluation");
  private static final String EDGE = "[-._ 0-9]";
  private static final Pattern SHARDED =
      Pattern.compile("data/(?<split>[^/]+)-\\d{5}-of-\\d{5}[^/]*\\.[^/]*");
  private static final Pattern SHARD = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})(\\..*)");
  private static final Set<String> NOT_DATA =
      Set.of(
          "config.json",
          "dataset_info.json",
          "dataset_infos.json",
          "dataset_dict.json",
          "state.json");

  private final String where;
  private final List<String> all;
  private final List<String> data;

  /**
   * @param where named in complaints
   * @param paths of all files, with {@code /}
   */
  DatasetLayout(String where, Collection<String> paths) {
    this.where = where;
    this.all = paths.stream().sorted().toList();
    this.data =
        all.stream()
            .filter(path -> Format.of(path).isPresent())
            .filter(path -> !NOT_DATA.contains(path.substring(path.lastIndexOf('/') + 1)))
            .filter(path -> !path.matches("(.*/)?[._][^/]*(/.*)?"))
            .toList();
  }

  /**
   * The files of a split, in order.
   *
   * @throws DatasetException if there is no such configuration or split, or a shard is missing
   */
  List<String> files(Optional<DatasetCard> card, Optional<String> config, String split) {
    if (data.isEmpty()) {
      throw new DatasetException(where + ": has no data files; " + explained());
    }
    Map<String, List<String>> splits =
        card.flatMap(c -> c.splits(config))
            .map(this::matching)
            .orElseGet(() -> named(card, config));
    List<String> files = splits.get(split);
    if (files == null) {
      throw new DatasetException(
          where + ": split: " + split + " " + Names.unknown(split, splits.keySet()));
    }
    if (files.isEmpty()) {
      throw new DatasetException(
          where + ": its README names files for split " + split + ", but none of them is there");
    }
    requireShards(files);
    return files;
  }

  private String explained() {
    return all.stream().anyMatch(path -> path.endsWith(".arrow"))
        ? "Arrow files, as save_to_disk writes them, are not read: write them with to_parquet"
        : all.stream().anyMatch(path -> path.matches("[^/]*\\.py"))
            ? "it is made by a program, which is not run: look for a dataset in Parquet"
            : "expected " + Format.NAMES;
  }

  private Map<String, List<String>> matching(Map<String, List<String>> patterns) {
    Map<String, List<String>> splits = new LinkedHashMap<>();
    patterns.forEach(
        (split, of) -> {
          Set<String> found = new TreeSet<>();
          for (String pattern : of) {
            Pattern compiled = FilePattern.of(pattern.replaceFirst("^\\./", ""));
            all.stream()
                .filter(path -> compiled.matcher(path).matches())
                .filter(path -> Format.of(path).isPresent())
                .forEach(found::add);
          }
          splits.put(split, List.copyOf(found));
        });
    return splits;
  }

  private Map<String, List<String>> named(Optional<DatasetCard> card, Optional<String> config) {
    String directory = card.flatMap(c -> c.directory(config)).orElse("").replaceAll("/*$", "");
    if (card.isEmpty() || card.get().splits(config).isEmpty() && directory.isEmpty()) {
      config
          .filter(name -> !name.equals("default"))
          .ifPresent(
              name -> {
                throw new DatasetException(
                    where + ": config: " + name + " is not known; its README names no configs");
              });
    }
    String prefix = directory.isEmpty() ? "" : directory + "/";
    List<String> within =
        data.stream()
            .filter(path -> path.startsWith(prefix))
            .map(path -> path.substring(prefix.length()))
            .toList();
    Map<String, List<String>> splits = byName(within);
    splits.replaceAll((split, files) -> files.stream().map(prefix::concat).toList());
    return splits;
  }

  private static Map<String, List<String>> byName(List<String> paths) {
    Map<String, List<String>> sharded = new TreeMap<>();
    for (String path : paths) {
      Matcher matcher = SHARDED.matcher(path);
      if (matcher.matches()) {
        sharded.computeIfAbsent(matcher.group("split"), unused -> new ArrayList<>()).add(path);
      }
    }
    for (String form :
        List.of("(.*/)?([^/]*%2$s)?(%1$s)(%2$s[^/]*)?/.*", "(.*/)?([^/]*%2$s)?(%1$s)%2$s[^/]*")) {
      if (sharded.isEmpty()) {
        KEYWORDS.forEach(
            (split, words) -> {
              Pattern pattern = Pattern.compile(form.formatted(words, EDGE));
              List<String> found =
                  paths.stream().filter(path -> pattern.matcher(path).matches()).toList();
              if (!found.isEmpty()) {
                sharded.put(split, found);
              }
            });
      }
    }
    if (sharded.isEmpty()) {
      sharded.put("train", paths);
    }
    return sharded;
  }

  /** A cache may hold a part of a download. */
  private void requireShards(List<String> files) {
    Map<String, Set<Integer>> found = new TreeMap<>();
    for (String file : files) {
      Matcher shard = SHARD.matcher(file);
      if (shard.matches()) {
        found
            .computeIfAbsent(
                shard.group(1) + "-*-of-" + shard.group(3) + shard.group(4),
                unused -> new TreeSet<>())
            .add(Integer.parseInt(shard.group(2)));
      }
    }
    found.forEach(
        (name, numbers) -> {
          int count = Integer.parseInt(name.replaceAll(".*-\\*-of-(\\d{5}).*", "$1"));
          if (numbers.size() < count) {
            throw new DatasetException(
                "%s: %s: only parts %s are there; expected %d"
                    .formatted(
                        where,
                        name,
                        numbers.stream().map(String::valueOf).collect(Collectors.joining(", ")),
                        count));
          }
        });
  }
}
