package io.whetstone.checkpoints;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
  @TempDir Path directory;
  private final Backend backend = Backends.open("cpu", 1);
  private final Workspace memory = backend.workspace("test");
  private Path file;

  @BeforeEach
  void name() {
    file = directory.resolve("x.safetensors");
  }

  @AfterEach
  void close() {
    memory.close();
    backend.close();
  }

  private Tensor tensor(float first, int... extents) {
    Tensor tensor = memory.tensor(DType.F32, extents);
    float[] values = new float[(int) tensor.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = first + i * 0.37f;
    }
    backend.write(tensor, values);
    return tensor;
  }

  private Map<String, Tensor> three() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("b.weight", tensor(1, 3, 5));
    tensors.put("a", tensor(-7, 4));
    tensors.put("c", tensor(0.1f, 2, 3, 2));
    return tensors;
  }

  @Test
  void whatIsWrittenIsRead() throws IOException {
    Map<String, Tensor> written = three();
    backend.write(written.get("a"), new float[] {-0f, Float.NaN, Float.MIN_VALUE, -1e38f});
    Safetensors.write(file, written, backend);
    Map<String, Tensor> read = three();
    Safetensors.read(file, read, backend);
    written.forEach(
        (name, tensor) ->
            assertArrayEquals(backend.readFloats(tensor), backend.readFloats(read.get(name))));
    try (SafetensorsFile stored = SafetensorsFile.open(file)) {
      assertEquals(Map.of("format", "pt"), stored.metadata());
      assertEquals(List.of(3L, 5L), stored.tensors().get("b.weight").shape());
      assertArrayEquals(backend.readFloats(written.get("c")), stored.floats("c"));
    }
  }

  @Test
  void largeTensorsAreMovedInPieces() throws IOException {
    int columns = 1000;
    int rows = 2 * SafetensorsFile.CHUNK / columns + 17;
    Map<String, Tensor> written = Map.of("big", tensor(0, rows, columns));
    Safetensors.write(file, written, backend);
    Map<String, Tensor> read = Map.of("big", memory.tensor(DType.F32, rows, columns));
    Safetensors.read(file, read, backend);
    assertArrayEquals(backend.readFloats(written.get("big")), backend.readFloats(read.get("big")));
  }

  /** To the bit, in more than one piece, beside F32 ones, which come first. */
  @Test
  void momentsInBlocksAreBytes() throws IOException {
    int blocks = SafetensorsFile.CHUNK / 256 + 3;
    Tensor moment = memory.tensor(DType.DYNAMIC, blocks, 256);
    byte[] bytes = new byte[blocks * 260];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i * 31 + i / 260);
    }
    backend.write(moment, MemorySegment.ofArray(bytes));
    Map<String, Tensor> written = Map.of("a", moment, "b", tensor(1, 3, 5));
    Safetensors.write(file, written, backend);
    try (SafetensorsFile stored = SafetensorsFile.open(file)) {
      assertEquals("U8 [" + blocks + " × 260]", stored.tensors().get("a").toString());
      assertEquals(0, stored.tensors().get("b").begin());
    }
    Tensor into = memory.zeros(DType.DYNAMIC, blocks, 256);
    Safetensors.read(file, Map.of("a", into, "b", tensor(0, 3, 5)), backend);
    byte[] read = new byte[bytes.length];
    backend.read(into, MemorySegment.ofArray(read));
    assertArrayEquals(bytes, read);
    complains(Map.of("a", tensor(0, blocks, 256), "b", tensor(0, 3, 5)), "tensor a: expected F32");
    complains(
        Map.of("a", moment, "b", memory.zeros(DType.UDYNAMIC, 1, 256)),
        "tensor b: expected blocks as U8");
    complains(
        Map.of("a", moment.rows(1, blocks), "b", tensor(0, 3, 5)),
        "expected [" + (blocks - 1) + " × 260]");
  }

  private void complains(Map<String, Tensor> into, String of) {
    String message =
        assertThrows(CheckpointException.class, () -> Safetensors.read(file, into, backend))
            .getMessage();
    assertTrue(message.contains(of), message);
  }

  @Test
  void theSameTensorsGiveTheSameBytesInWhateverOrder() throws IOException {
    Map<String, Tensor> tensors = three();
    Safetensors.write(file, tensors, backend);
    byte[] first = Files.readAllBytes(file);
    Map<String, Tensor> reversed = new LinkedHashMap<>();
    List.of("c", "a", "b.weight").forEach(name -> reversed.put(name, tensors.get(name)));
    Safetensors.write(file, reversed, backend);
    assertArrayEquals(first, Files.readAllBytes(file));
    long header = ByteBuffer.wrap(first).order(ByteOrder.LITTLE_ENDIAN).getLong();
    assertEquals(0, header % 8);
    assertEquals(8 + header + 4 * (15 + 4 + 12), first.length);
  }

  @Test
  void halfPrecisionIsWidenedExactly() throws IOException {
    String header =
        "{\"h\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[0,6]},"
            + "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[6,10]},"
            + "\"i\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[10,18]},"
            + "\"u\":{\"dtype\":\"U8\",\"shape\":[0,4],\"data_offsets\":[18,18]}}";
    ByteBuffer data = ByteBuffer.allocate(18).order(ByteOrder.LITTLE_ENDIAN);
    data.putShort((short) 0x3C00).putShort((short) 0x0001).putShort((short) 0xFC00);
    data.putShort((short) 0x3F80).putShort((short) 0xC049).putLong(5);
    craft(header, data.array());
    try (SafetensorsFile stored = SafetensorsFile.open(file)) {
      assertArrayEquals(new float[] {1, 0x1p-24f, Float.NEGATIVE_INFINITY}, stored.floats("h"));
      assertArrayEquals(new float[] {1, -3.140625f}, stored.floats("b"));
      CheckpointException e = assertThrows(CheckpointException.class, () -> stored.floats("i"));
      assertEquals(file + ": tensor i: expected F32, F16 or BF16, got I64 []", e.getMessage());
    }
  }

  private void craft(String header, byte[] data) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + json.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
    Files.write(file, bytes.putLong(json.length).put(json).put(data).array());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | corrupt: its header describes 0 bytes of tensors, the file has 8",
        "[] | its header is not a JSON object",
        "{\"a\":1} | tensor a: dtype is missing",
        "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}} | dtype \"F8_E4M3\"",
        "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}} | shape is missing or not a list",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}} | shape has -2",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}} | shape has 2.0",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}} | are not a begin and",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}} | takes 12 bytes, but",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}} | belong to no tensor",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}} | truncated: its header "
            + "describes 16 bytes",
        "{\"a\":{\"dtype\":\"F64\",\"shape\":[2147483648,2147483648,4],\"data_offsets\":[0,8]}} | "
            + "impossibly large",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\","
            + "\"shape\":[1],\"data_offsets\":[4,8]}} | tensors overlap",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\","
            + "\"shape\":[2],\"data_offsets\":[0,8]}} | Duplicate field 'a'",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}x | not valid JSON",
      })
  void aHeaderThatDoesNotFitIsExplained(String header, String message) throws IOException {
    craft(header, new byte[8]);
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> SafetensorsFile.open(file));
    assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    assertTrue(e.getMessage().contains(message), e.getMessage());
  }

  @Test
  void everyTruncationIsNoticed() throws IOException {
    Safetensors.write(file, three(), backend);
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      CheckpointException e =
          assertThrows(CheckpointException.class, () -> SafetensorsFile.open(file));
      assertTrue(e.getMessage().contains("truncated"), e.getMessage());
    }
    Files.write(file, Arrays.copyOf(whole, whole.length + 1));
    assertThrows(CheckpointException.class, () -> SafetensorsFile.open(file));
  }

  /** A flipped bit of the data shows in the manifest only; one of the header must not crash. */
  @Test
  void aFlippedBitOfTheHeaderIsRefusedOrReadsAsAnotherHeader() throws IOException {
    Safetensors.write(file, three(), backend);
    byte[] whole = Files.readAllBytes(file);
    int header = (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
    Map<String, Tensor> into = three();
    int refused = 0;
    for (int bit = 0; bit < 8 * (8 + header); bit += 3) {
      byte[] flipped = whole.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(file, flipped);
      try {
        Safetensors.read(file, into, backend);
      } catch (CheckpointException e) {
        assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
        refused++;
      }
    }
    assertTrue(refused > header, refused + " of " + 8 * (8 + header) / 3);
  }

  @Test
  void aHeaderLengthBeyondAllReasonIsRefused() throws IOException {
    Files.write(
        file, ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(100_000_001).array());
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> SafetensorsFile.open(file));
    assertTrue(e.getMessage().contains("at most 100,000,000"), e.getMessage());
    Files.delete(file);
    e = assertThrows(CheckpointException.class, () -> SafetensorsFile.open(file));
    assertEquals(file + ": no such file", e.getMessage());
  }

  @Test
  void otherTensorsThanExpectedAreNamed() throws IOException {
    Safetensors.write(file, three(), backend);
    Map<String, Tensor> into = three();
    into.put("d", into.remove("a"));
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> Safetensors.read(file, into, backend));
    assertEquals(file + ": tensors are missing: d; tensors are not expected: a", e.getMessage());
    Map<String, Tensor> other = three();
    other.put("b.weight", tensor(0, 5, 3));
    e = assertThrows(CheckpointException.class, () -> Safetensors.read(file, other, backend));
    assertEquals(file + ": tensor b.weight: expected [5 × 3], got F32 [3 × 5]", e.getMessage());
  }

  @Test
  void integersAreNotWritten() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> Safetensors.write(file, Map.of("n", memory.zeros(DType.I32, 2)), backend));
    assertEquals("n: I32 [2] cannot be written; F32 and BF16 can", e.getMessage());
  }
}
