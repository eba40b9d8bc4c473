package io.whetstone.datasets.tables;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.DatasetException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DatasetLayoutTest {

  private static List<String> files(String readme, String config, String split, String... paths) {
    return new DatasetLayout("org/data", List.of(paths))
        .files(
            readme.isEmpty()
                ? Optional.empty()
                : Optional.of(DatasetCard.parse(readme, "org/data")),
            Optional.of(config).filter(c -> !c.isEmpty()),
            split);
  }

  private static void assertRefused(
      String expected, String readme, String config, String split, String... paths) {
    String message =
        assertThrows(DatasetException.class, () -> files(readme, config, split, paths))
            .getMessage();
    assertTrue(message.contains(expected), message);
  }

  private static final String GSM8K =
      """
      ---
      license: mit
      configs:
      - config_name: main
        data_files:
        - split: train
          path: main/train-*
        - split: test
          path: main/test-*
      - config_name: socratic
        data_files:
        - split: train
          path:
          - socratic/train-*
      ---
      # Data
      """;
  private static final String[] GSM8K_FILES = {
    "README.md",
    "main/train-00000-of-00001.parquet",
    "main/test-00000-of-00001.parquet",
    "socratic/train-00000-of-00001.parquet"
  };

  @Test
  void theCardSays() {
    assertEquals(
        List.of("main/test-00000-of-00001.parquet"), files(GSM8K, "main", "test", GSM8K_FILES));
    assertEquals(
        List.of("socratic/train-00000-of-00001.parquet"),
        files(GSM8K, "socratic", "train", GSM8K_FILES));
    assertRefused("set config to one of main, socratic", GSM8K, "", "train", GSM8K_FILES);
    assertRefused("did you mean main?", GSM8K, "mian", "train", GSM8K_FILES);
    assertRefused("split: dev is not known; known: test, train", GSM8K, "main", "dev", GSM8K_FILES);
    assertRefused(
        "names files for split train, but none", GSM8K, "main", "train", "main/test-0.parquet");
  }

  @Test
  void otherFormsOfCards() {
    String start = "---\nconfigs:\n- config_name: a\n  data_files: x/*.csv\n";
    assertEquals(List.of("x/1.csv"), files(start + "---", "", "train", "x/1.csv", "y.csv"));
    String two = start + "- config_name: b\n  default: true\n  data_files: [y.csv]\n---\n";
    assertEquals(List.of("y.csv"), files(two, "", "train", "x/1.csv", "y.csv"));
    String directory = "---\nconfigs:\n- config_name: a\n  data_dir: sub\n---\n";
    assertEquals(
        List.of("sub/test.csv"), files(directory, "a", "test", "sub/test.csv", "train.csv"));
    String dictionary = "---\nconfigs:\n- config_name: a\n  data_files: {dev: y.csv}\n---\n";
    assertEquals(List.of("y.csv"), files(dictionary, "", "dev", "x.csv", "y.csv"));
    assertEquals(List.of("x.csv"), files("# no card", "", "train", "README.md", "x.csv"));
    assertRefused("YAML cannot be read", "---\nconfigs: [\n---\n", "", "train", "x.csv");
    assertRefused("names no configs", "# no card", "main", "train", "x.csv");
  }

  @Test
  void namesOfFilesSay() {
    assertEquals(
        List.of("data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"),
        files(
            "",
            "",
            "train",
            "data/train-00001-of-00002.parquet",
            "data/train-00000-of-00002.parquet",
            "data/odd-00000-of-00001.parquet",
            "other.csv"));
    assertEquals(
        List.of("data/odd-00000-of-00001.parquet"),
        files("", "", "odd", "data/odd-00000-of-00001.parquet"));
    assertEquals(List.of("a/dev/x.csv"), files("", "", "validation", "a/dev/x.csv", "train.csv"));
    assertEquals(
        List.of("my_test_1.csv"), files("", "", "test", "my_test_1.csv", "my_train.csv", "x.csv"));
    assertEquals(List.of("contest.csv"), files("", "", "train", "contest.csv"));
    assertEquals(
        List.of("trainer.json", "x.jsonl"),
        files("", "", "train", "x.jsonl", "trainer.json", "dataset_info.json", ".git/y.json"));
    assertEquals(List.of("valid.csv"), files("", "", "validation", "valid.csv", "training.csv"));
  }

  @Test
  void setsOfCharacters() {
    String card = "---\nconfigs:\n- config_name: a\n  data_files: '%s'\n---\n";
    assertEquals(
        List.of("x1.csv", "x3.csv"),
        files(card.formatted("x[1-3].csv"), "", "train", "x1.csv", "x3.csv", "x4.csv"));
    assertEquals(
        List.of("x4.csv"), files(card.formatted("x[!1-3].csv"), "", "train", "x1.csv", "x4.csv"));
    assertEquals(
        List.of("x&.csv", "x^.csv"),
        files(card.formatted("x[^&&1].csv"), "", "train", "x&.csv", "x^.csv", "x4.csv"));
    assertRefused(
        "\"x[z-a].csv\" is no pattern of files' names",
        card.formatted("x[z-a].csv"),
        "",
        "train",
        "xz.csv");
  }

  @Test
  void missingPartsAndOtherKindsAreRefused() {
    assertRefused(
        "data/train-*-of-00003.parquet: only parts 0, 2 are there; expected 3",
        "",
        "",
        "train",
        "data/train-00000-of-00003.parquet",
        "data/train-00002-of-00003.parquet");
    assertRefused("Arrow files, as save_to_disk writes", "", "", "train", "data-0.arrow");
    assertRefused("made by a program, which is not run", "", "", "train", "gsm8k.py");
    assertRefused("expected .parquet", "", "", "train", "x.zip");
  }
}
