package io.whetstone.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubTest {

  private static final byte[] WEIGHTS = new byte[3_000_000];
  private static final HubName NAME = HubName.parse(HubName.Kind.MODEL, "org/tiny").orElseThrow();

  static {
    new Random(7).nextBytes(WEIGHTS);
  }

  @TempDir Path directory;
  private FakeHub fake;
  private Duration patience = Duration.ofSeconds(20);
  private final List<String> notes = Collections.synchronizedList(new ArrayList<>());

  @BeforeEach
  void start() throws IOException {
    fake =
        new FakeHub()
            .file("config.json", "{\"model_type\": \"tiny\"}")
            .file("tokenizer.json", "{}")
            .file("tokenizer_config.json", "{\"a\": \"ü\"}")
            .file("README.md", "")
            .file("additional_chat_templates/tool use.jinja", "{{ x }}")
            .file("model.safetensors", WEIGHTS)
            .file("consolidated.safetensors", "the same again")
            .file("pytorch_model.bin", "pickle")
            .file("picture.png", "no");
  }

  @AfterEach
  void stop() {
    fake.close();
  }

  private HubSettings settings(String token, boolean offline) {
    return new HubSettings(
        fake.endpoint(),
        Optional.of(token).filter(t -> !t.isEmpty()),
        directory,
        offline,
        patience,
        4,
        Duration.ofMillis(1),
        Proxies.of(Map.of()));
  }

  private Hub hub(String token, boolean offline) {
    return new Hub(
        settings(token, offline),
        new DownloadListener() {
          @Override
          public void note(String what) {
            notes.add(what);
          }
        });
  }

  private Path model() {
    return hub("", false).model(NAME);
  }

  private void assertWhole(Path model) throws IOException {
    assertArrayEquals(WEIGHTS, Files.readAllBytes(model.resolve("model.safetensors")));
    assertEquals("{\"a\": \"ü\"}", Files.readString(model.resolve("tokenizer_config.json")));
  }

  private String refusal() {
    return assertThrows(HubException.class, this::model).getMessage();
  }

  private void assertSays(String message, String... parts) {
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  private List<String> unfinished() throws IOException {
    try (var files = Files.walk(directory)) {
      return files.map(Path::toString).filter(f -> f.endsWith(".incomplete")).toList();
    }
  }

  @Test
  void whatAModelNeedsIsDownloadedIntoTheCachesLayout() throws IOException {
    Path model = model();
    assertWhole(model);
    Path home = directory.resolve("models--org--tiny");
    assertEquals(home.resolve("snapshots").resolve(FakeHub.COMMIT), model);
    assertEquals(FakeHub.COMMIT, Files.readString(home.resolve("refs/main")));
    assertEquals(
        Path.of("../../blobs/" + FakeHub.sha256(WEIGHTS)),
        Files.readSymbolicLink(model.resolve("model.safetensors")));
    assertEquals(
        Path.of("../../../blobs/" + FakeHub.gitSha1("{{ x }}".getBytes())),
        Files.readSymbolicLink(model.resolve("additional_chat_templates/tool use.jinja")));
    for (String unwanted :
        List.of("consolidated.safetensors", "pytorch_model.bin", "picture.png")) {
      assertFalse(Files.exists(model.resolve(unwanted)), unwanted);
    }
    assertEquals(List.of(), unfinished());
  }

  @Test
  void whatIsInTheCacheNeedsNoNetwork() throws IOException {
    Path model = model();
    fake.requests.clear();
    assertEquals(model, hub("", true).model(NAME));
    assertEquals(model, model());
    assertEquals(
        model,
        hub("", false)
            .model(HubName.parse(HubName.Kind.MODEL, "org/tiny@" + FakeHub.COMMIT).orElseThrow()));
    assertEquals(List.of(), fake.requests);
  }

  /** Another tool's download, which keeps no listing. */
  @Test
  void aCacheWithoutOurListingIsUsed() throws IOException {
    Path model = model();
    Path listing = directory.resolve("models--org--tiny/.whetstone/" + FakeHub.COMMIT + ".json");
    Files.delete(listing);
    fake.requests.clear();
    assertEquals(model, model());
    assertEquals(List.of(), fake.requests);
    // Half a download is none: what is missing is fetched, and only that.
    Files.delete(model.resolve("model.safetensors"));
    Files.delete(directory.resolve("models--org--tiny/blobs/" + FakeHub.sha256(WEIGHTS)));
    assertWhole(model());
    assertEquals(0, fake.requestsFor("config.json").size());
  }

  @Test
  void shardsAreThoseTheIndexNames() throws IOException {
    fake.file(
            "model.safetensors.index.json",
            "{\"weight_map\": {\"a\": \"model-1.safetensors\", \"b\": \"model-2.safetensors\"}}")
        .file("model-1.safetensors", "one")
        .file("model-2.safetensors", "two");
    Path model = model();
    assertTrue(Files.exists(model.resolve("model-2.safetensors")));
    assertFalse(Files.exists(model.resolve("model.safetensors")));
  }

  @Test
  void aCutConnectionGoesOnWhereItBroke() throws IOException {
    fake.fault("model.safetensors", FakeHub.cutAfter(1_000_000))
        .fault("model.safetensors", FakeHub.cutAfter(500_000));
    assertWhole(model());
    List<FakeHub.Request> requests =
        fake.requestsFor("model.safetensors").stream()
            .filter(r -> r.path().startsWith("/store/"))
            .toList();
    assertEquals(3, requests.size());
    assertNull(requests.get(0).range());
    // What a client had received but not yet handed on when the connection broke is fetched again.
    long second = start(requests.get(1));
    long third = start(requests.get(2));
    assertTrue(second > 0 && second <= 1_000_000, "second: " + second);
    assertTrue(third > second && third <= second + 500_000, "third: " + third);
    assertTrue(notes.getFirst().contains("at byte " + second + " of 3000000"), notes.toString());
  }

  private static long start(FakeHub.Request request) {
    return Long.parseLong(request.range().replaceAll("bytes=(\\d+)-", "$1"));
  }

  @Test
  void aServerThatIgnoresRangeBeginsAnew() throws IOException {
    fake.fault("model.safetensors", FakeHub.cutAfter(1_000_000))
        .fault("model.safetensors", FakeHub.ignoringRange());
    assertWhole(model());
  }

  @Test
  void aServerThatNeverGetsFurtherIsGivenUp() {
    for (int i = 0; i < 9; i++) {
      fake.fault(
          "model.safetensors",
          (exchange, bytes, from) -> FakeHub.cutAfter(1000).answer(exchange, bytes, 0));
    }
    assertSays(refusal(), "tried 4 times", "what was downloaded is kept");
  }

  @Test
  void silenceIsABrokenConnection() throws IOException {
    patience = Duration.ofSeconds(2);
    fake.fault("model.safetensors", FakeHub.stallAfter(1_000_000, 10_000));
    assertWhole(model());
    assertTrue(notes.getFirst().contains("nothing came for 2 s"), notes.toString());
  }

  @Test
  void aDownloadThatWasKilledGoesOn() throws IOException {
    Path blobs = Files.createDirectories(directory.resolve("models--org--tiny/blobs"));
    Files.write(
        blobs.resolve(FakeHub.sha256(WEIGHTS) + ".incomplete"),
        java.util.Arrays.copyOf(WEIGHTS, 2_000_000));
    assertWhole(model());
    assertEquals("bytes=2000000-", fake.requestsFor("/store/model.safetensors").getFirst().range());
  }

  @Test
  void aHurtPartIsFoundOutAndDownloadedAgain() throws IOException {
    Path blobs = Files.createDirectories(directory.resolve("models--org--tiny/blobs"));
    Files.write(blobs.resolve(FakeHub.sha256(WEIGHTS) + ".incomplete"), new byte[2_000_000]);
    assertWhole(model());
    assertTrue(notes.getFirst().contains("does not have the checksum"), notes.toString());
  }

  @Test
  void wrongBytesAreNeverKept() throws IOException {
    byte[] other = WEIGHTS.clone();
    other[5]++;
    fake.fault("model.safetensors", FakeHub.bytes(other))
        .fault("model.safetensors", FakeHub.bytes(other));
    assertSays(refusal(), "org/tiny/model.safetensors", "do not have the checksum", "twice");
    assertEquals(List.of(), unfinished());
    assertWhole(model());
  }

  @Test
  void smallFilesAreCheckedByTheirGitBlob() {
    fake.fault("/config.json", FakeHub.bytes("{\"model_type\": \"evil\"}".getBytes()))
        .fault("/config.json", FakeHub.bytes("{\"model_type\": \"evil\"}".getBytes()));
    fake.fault("config.json", FakeHub.bytes("{\"model_type\": \"evil\"}".getBytes()))
        .fault("config.json", FakeHub.bytes("{\"model_type\": \"evil\"}".getBytes()));
    assertSays(refusal(), "org/tiny/config.json", "do not have the checksum");
  }

  @Test
  void moreOrFewerBytesThanListedAreRefused() throws IOException {
    fake.fault("model.safetensors", FakeHub.bytes(new byte[3_000_001]));
    assertSays(refusal(), "sends more than the 3000000 bytes it lists");
    // A whole answer that is too short is asked for its rest, and found out by its checksum.
    for (int i = 0; i < 4; i++) {
      fake.fault("model.safetensors", FakeHub.bytes(new byte[2_999_999]));
    }
    assertSays(refusal(), "org/tiny/model.safetensors");
    assertWhole(model());
  }

  @Test
  void theTokenStaysWithTheHub() throws IOException {
    fake.token = "hf_secret";
    assertWhole(hub("hf_secret", false).model(NAME));
    List<FakeHub.Request> other = fake.requestsFor("/store/model.safetensors");
    assertEquals("127.0.0.1", other.getFirst().host());
    assertNull(other.getFirst().authorization());
    assertTrue(
        fake.requests.stream()
            .filter(r -> r.host().equals("localhost"))
            .allMatch(r -> "Bearer hf_secret".equals(r.authorization())));
    assertFalse(settings("hf_secret", false).toString().contains("secret"));
  }

  @Test
  void tooManyRequestsAreWaitedFor() throws IOException {
    fake.fault("revision/main", FakeHub.status(429, "Retry-After", "1"))
        .fault("model.safetensors", FakeHub.status(503))
        .fault("model.safetensors", FakeHub.status(500));
    long start = System.nanoTime();
    assertWhole(model());
    assertTrue(System.nanoTime() - start >= 1_000_000_000L);
    assertSays(notes.getFirst(), "answers 429 (too many requests); trying again in 1.0 s");
  }

  @Test
  void aLongWaitIsAMessage() {
    fake.fault("revision/main", FakeHub.status(429, "Retry-After", "86400"));
    assertSays(refusal(), "asks to wait 86400 s", "HF_TOKEN");
  }

  @Test
  void troubleThatStaysIsAMessage() {
    for (int i = 0; i < 4; i++) {
      fake.fault("revision/main", FakeHub.status(502));
    }
    assertSays(refusal(), "answers 502 (trouble at its end), tried 4 times", "HF_ENDPOINT");
  }

  @Test
  void refusalsSayHowToMendThem() {
    fake.fault("revision/main", FakeHub.status(401));
    assertSays(refusal(), "private or gated, or there is no such repository", "HF_TOKEN", "401");
    fake.fault("revision/main", FakeHub.status(401));
    assertSays(
        assertThrows(HubException.class, () -> hub("old", false).model(NAME)).getMessage(),
        "the token was refused");
    fake.fault("revision/main", FakeHub.status(403, "X-Error-Code", "GatedRepo"));
    assertSays(refusal(), "it is gated: accept its licence at", "/org/tiny", "set HF_TOKEN");
    fake.fault("revision/main", FakeHub.status(403));
    assertSays(refusal(), "access is not granted; ask for it at", "/org/tiny");
    fake.fault("revision/main", FakeHub.status(404, "X-Error-Code", "RepoNotFound"));
    assertSays(refusal(), "there is no such repository", "/org/tiny");
    fake.fault("revision/main", FakeHub.status(404, "X-Error-Code", "RevisionNotFound"));
    assertSays(refusal(), "there is no revision main");
  }

  @Test
  void proxiesOfTheEnvironmentAreAsked() {
    fake.redirects = false;
    Map<String, String> environment =
        Map.of(
            "HF_ENDPOINT",
            "http://hub.invalid",
            "http_proxy",
            fake.endpoint().toString(),
            "HF_HUB_CACHE",
            directory.toString());
    Hub hub = new Hub(HubSettings.of(environment, directory), DownloadListener.SILENT);
    assertTrue(Files.isRegularFile(hub.model(NAME).resolve("config.json")));
  }

  @Test
  void someHostsAreAskedWithoutProxy() {
    ProxySelector proxies =
        Proxies.of(
            Map.of(
                "HTTPS_PROXY",
                "proxy.example:3128",
                "NO_PROXY",
                "localhost,.mine.example, *.other.example hub.example:8443"));
    Map<String, String> expected = new TreeMap<>();
    expected.put("https://huggingface.co/x", "proxy.example:3128");
    expected.put("https://localhost:8080/x", "none");
    expected.put("https://a.b.mine.example/x", "none");
    expected.put("https://other.example/x", "none");
    expected.put("https://notmine.example/x", "proxy.example:3128");
    expected.put("https://hub.example:8443/x", "none");
    expected.put("https://hub.example/x", "proxy.example:3128");
    expected.forEach(
        (address, proxy) -> {
          Proxy got = proxies.select(URI.create(address)).getFirst();
          InetSocketAddress at = (InetSocketAddress) got.address();
          assertEquals(
              proxy, at == null ? "none" : at.getHostString() + ":" + at.getPort(), address);
        });
    for (String bad : List.of("socks5://a:1", "http://", "http://me:word@a:1")) {
      String message =
          assertThrows(IllegalArgumentException.class, () -> Proxies.of(Map.of("https_proxy", bad)))
              .getMessage();
      assertSays(message, "https_proxy: ", "expected http://HOST:PORT");
      assertFalse(message.contains("word"), message);
    }
  }

  @Test
  void redirectsWithoutEndAreLeft() {
    for (int i = 0; i < 9; i++) {
      fake.fault(
          "revision/main", FakeHub.status(302, "Location", "/api/models/org/x/revision/main"));
    }
    assertSays(refusal(), "redirects without end");
  }

  @Test
  void pathsThatLeaveTheRepositoryAreRefused() throws IOException {
    for (String path :
        List.of("../../x.safetensors", "/etc/x", "a/../../x", "a\\..\\x", "C:x", "")) {
      fake.extraPaths.clear();
      fake.extraPaths.add(path);
      assertSays(refusal(), "leaves the repository; nothing was written");
    }
    try (var files = Files.walk(directory)) {
      assertEquals(0, files.filter(Files::isRegularFile).count());
    }
  }

  @Test
  void offlineIsOffline() {
    String message = assertThrows(HubException.class, () -> hub("", true).model(NAME)).getMessage();
    assertSays(message, "org/tiny: is not in the cache", "HF_HUB_OFFLINE", "hf download org/tiny");
    assertEquals(List.of(), fake.requests);
  }

  @Test
  void nobodyThereIsAMessage() {
    fake.close();
    assertSays(refusal(), "nobody answers at http://localhost", "tried 4 times");
  }

  @Test
  void aRepositoryWithoutSafetensorsSaysWhatItHas() throws IOException {
    fake.close();
    fake = new FakeHub().file("config.json", "{}").file("pytorch_model.bin", "x");
    assertSays(refusal(), "no weights as *.safetensors", "only pytorch_model.bin");
  }

  @Test
  void severalAtOnceDownloadOnce() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<Path>> all =
          threads.invokeAll(Collections.nCopies(4, (Callable<Path>) this::model));
      for (Future<Path> each : all) {
        assertWhole(each.get());
      }
    }
    assertEquals(1, fake.requestsFor("/store/model.safetensors").size());
  }

  @Test
  void anotherProcessDownloadsAndIsWaitedFor() throws Exception {
    fake.fault("model.safetensors", FakeHub.stallAfter(1_000_000, 800));
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                OtherProcess.class.getName(),
                fake.endpoint().toString(),
                directory.toString())
            .redirectErrorStream(true)
            .start();
    long deadline = System.nanoTime() + 30_000_000_000L;
    while (fake.requestsFor("/store/model.safetensors").isEmpty() && System.nanoTime() < deadline) {
      Thread.sleep(10);
    }
    assertWhole(model());
    assertEquals(0, other.waitFor(), new String(other.getInputStream().readAllBytes()));
    assertTrue(notes.toString().contains("another process downloads org/tiny/"), notes.toString());
    // The part that the other one got, and the rest.
    assertEquals(2, fake.requestsFor("/store/model.safetensors").size());
  }

  /** Downloads as {@link HubTest} does. */
  static final class OtherProcess {
    public static void main(String[] arguments) {
      HubSettings settings =
          new HubSettings(
              java.net.URI.create(arguments[0]),
              Optional.empty(),
              Path.of(arguments[1]),
              false,
              Duration.ofSeconds(5),
              4,
              Duration.ofMillis(1),
              Proxies.of(Map.of()));
      new Hub(settings, DownloadListener.SILENT).model(NAME);
    }
  }

  @Test
  void progressEndsWithAllBytes() {
    List<Long> seen = new ArrayList<>();
    new Hub(
            settings("", false),
            new DownloadListener() {
              @Override
              public void progress(String file, long done, long total, double speed) {
                assertEquals(3_000_000, file.endsWith(".safetensors") ? total : 3_000_000);
                seen.add(done);
              }
            })
        .model(NAME);
    assertEquals(3_000_000, seen.getLast());
  }

  @Test
  void datasetsAreFetchedFileByFile() throws IOException {
    fake.file("main/train-00000-of-00001.parquet", "PAR1").file("x/y.csv", "a\n1\n");
    HubRepository data =
        hub("", false).open(HubName.parse(HubName.Kind.DATASET, "org/data").orElseThrow());
    assertTrue(data.paths().contains("x/y.csv"));
    Path snapshot = data.fetch(List.of("main/train-00000-of-00001.parquet"));
    assertEquals("PAR1", Files.readString(snapshot.resolve("main/train-00000-of-00001.parquet")));
    assertFalse(Files.exists(snapshot.resolve("x/y.csv")));
    assertTrue(snapshot.startsWith(directory.resolve("datasets--org--data")));
    assertTrue(
        fake.requests.stream().anyMatch(r -> r.path().startsWith("/datasets/org/data/resolve/")));
  }

  @Test
  void namesAreChecked() {
    assertEquals(Optional.empty(), HubName.parse(HubName.Kind.MODEL, "no-slash"));
    assertEquals(Optional.empty(), HubName.parse(HubName.Kind.MODEL, "../x/y"));
    assertEquals(Optional.empty(), HubName.parse(HubName.Kind.MODEL, "a/b/c"));
    assertEquals(
        new HubName(HubName.Kind.MODEL, "Qwen/Qwen2.5-0.5B", "refs/pr/1"),
        HubName.parse(HubName.Kind.MODEL, "Qwen/Qwen2.5-0.5B@refs/pr/1").orElseThrow());
    for (String bad : List.of("a/b@../../x", "a/b@/x", "a--b/c", "a/b..c", "a/b@x..y")) {
      assertThrows(
          IllegalArgumentException.class, () -> HubName.parse(HubName.Kind.MODEL, bad), bad);
    }
  }

  @Test
  void theEnvironmentIsReadAsHuggingfaceHubReadsIt() throws IOException {
    Path home = Path.of("/home/x");
    assertEquals(home.resolve(".cache/huggingface/hub"), HubSettings.of(Map.of(), home).cache());
    assertEquals(Path.of("/h/hub"), HubSettings.of(Map.of("HF_HOME", "/h"), home).cache());
    assertEquals(
        Path.of("/c"), HubSettings.of(Map.of("HF_HOME", "/h", "HF_HUB_CACHE", "/c"), home).cache());
    assertEquals(
        "http://mirror:8080",
        HubSettings.of(Map.of("HF_ENDPOINT", "http://mirror:8080/"), home).endpoint().toString());
    assertTrue(HubSettings.of(Map.of("HF_HUB_OFFLINE", "1"), home).offline());
    assertFalse(HubSettings.of(Map.of("HF_HUB_OFFLINE", "0"), home).offline());
    Files.writeString(directory.resolve("token"), "hf_file\n");
    Map<String, String> file = Map.of("HF_HOME", directory.toString());
    assertEquals(Optional.of("hf_file"), HubSettings.of(file, home).token());
    assertEquals(
        Optional.of("hf_env"),
        HubSettings.of(Map.of("HF_HOME", directory.toString(), "HF_TOKEN", "hf_env"), home)
            .token());
    assertThrows(
        IllegalArgumentException.class,
        () -> HubSettings.of(Map.of("HF_ENDPOINT", "mirror"), home));
  }
}
