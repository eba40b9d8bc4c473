package io.whetstone.datasets.tables;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.hub.DownloadListener;
import io.whetstone.hub.FakeHub;
import io.whetstone.hub.Hub;
import io.whetstone.hub.HubSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubTablesTest {

  @TempDir Path directory;
  private FakeHub fake;

  @BeforeEach
  void start() throws IOException {
    fake =
        new FakeHub()
            .file(
                "README.md",
                "---\nconfigs:\n- config_name: main\n  data_files:\n  - split: train\n    path:"
                    + " main/train-*\n  - split: test\n    path: main/test-*\n---\n")
            .file("main/train-0.jsonl", "{\"question\": \"a\"}\n{\"question\": \"b\"}\n")
            .file("main/test-0.jsonl", "{\"question\": \"c\"}\n")
            .file("other/x.csv", "question\nd\n")
            .file("other/y.csv", "question\ne\n");
  }

  @AfterEach
  void stop() {
    fake.close();
  }

  private Dataset open(Map<String, Object> settings, boolean offline) {
    Map<String, Object> all = new java.util.HashMap<>(settings);
    all.putAll(Map.of("prompt", "question", "held-out", 0, "shuffle", false));
    Map<String, String> environment =
        Map.of(
            "HF_ENDPOINT",
            fake.endpoint().toString(),
            "HF_HOME",
            directory.toString(),
            "HF_HUB_OFFLINE",
            offline ? "1" : "0");
    return Tables.open(
        Settings.read(all, TableSettings.class, "table"),
        directory,
        () -> new Hub(HubSettings.of(environment, directory), DownloadListener.SILENT),
        0);
  }

  private long size(Map<String, Object> settings, boolean offline) {
    try (Dataset data = open(settings, offline)) {
      return data.training().size();
    }
  }

  @Test
  void aDatasetByName() {
    Map<String, Object> train = Map.of("hub", "org/data", "config", "main");
    assertEquals(2, size(train, false));
    assertTrue(fake.requestsFor("main/test-0.jsonl").isEmpty(), "only the split is downloaded");
    int asked = fake.requests.size();
    assertEquals(2, size(train, true));
    assertEquals(2, size(train, false));
    assertEquals(asked, fake.requests.size());
    String absent =
        assertThrows(
                DatasetException.class,
                () -> open(Map.of("hub", "org/data", "split", "test"), true))
            .getMessage();
    assertTrue(absent.contains("main/test-0.jsonl is not in the cache"), absent);
    try (Dataset data = open(Map.of("hub", "org/data", "split", "test"), false)) {
      assertEquals("main/test-0.jsonl:1", data.training().task(0).id());
    }
  }

  @Test
  void filesByAddress() {
    assertEquals(2, size(Map.of("path", "hf://datasets/org/data/main/train-*.jsonl"), false));
    assertEquals(1, size(Map.of("path", "hf://datasets/org/data/other/x.csv"), false));
    assertEquals(2, size(Map.of("path", "hf://datasets/org/data/other"), false));
    assertEquals(2, size(Map.of("path", "hf://datasets/org/data"), false));
    String wrong =
        assertThrows(
                DatasetException.class,
                () -> open(Map.of("path", "hf://datasets/org/data/nothing.csv"), false))
            .getMessage();
    assertTrue(wrong.contains("no file is called nothing.csv"), wrong);
    String model =
        assertThrows(DatasetException.class, () -> open(Map.of("path", "hf://org/data"), false))
            .getMessage();
    assertTrue(model.contains("is not hf://datasets/ORG/NAME"), model);
  }

  @Test
  void whatTheHubRefusesIsSaid() {
    fake.token = "needed";
    String refused =
        assertThrows(DatasetException.class, () -> open(Map.of("hub", "org/data"), false))
            .getMessage();
    assertTrue(refused.contains("private or gated"), refused);
    assertTrue(refused.contains("/datasets/org/data"), refused);
    assertFalse(refused.contains("needed"), refused);
  }
}
