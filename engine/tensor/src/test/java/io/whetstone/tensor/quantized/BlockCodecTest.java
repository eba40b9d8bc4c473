package io.whetstone.tensor.quantized;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.DType;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Blocks against what the Python package gguf and ggml make of them: golden_blocks.py. */
class BlockCodecTest {
  /** Blocks of random bytes, then those that ggml made of {@link #numbers}, and their numbers. */
  private record Golden(int random, byte[] blocks, float[] decoded) {
    static Golden of(DType type) throws IOException {
      ByteBuffer file = read(type.name().replace("Q8", "q8").replace("Q", "q") + ".blocks");
      int random = file.getInt();
      byte[] blocks = new byte[(random + file.getInt()) * type.blockBytes()];
      file.get(blocks);
      return new Golden(random, blocks, floats(file));
    }
  }

  private static ByteBuffer read(String name) throws IOException {
    try (InputStream in = BlockCodecTest.class.getResourceAsStream(name)) {
      return ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  private static float[] floats(ByteBuffer bytes) {
    float[] floats = new float[bytes.remaining() / 4];
    bytes.asFloatBuffer().get(floats);
    return floats;
  }

  private static float[] numbers() throws IOException {
    return floats(read("numbers.f32"));
  }

  private static float[] decode(DType type, byte[] blocks) {
    float[] decoded = new float[blocks.length / type.blockBytes() * type.blockElements()];
    BlockCodec.of(type).decodeAll(MemorySegment.ofArray(blocks), 0, decoded);
    return decoded;
  }

  private static byte[] encode(DType type, float[] numbers) {
    byte[] blocks = new byte[(int) type.bytes(numbers.length)];
    BlockCodec.of(type).encodeAll(numbers, MemorySegment.ofArray(blocks), 0);
    return blocks;
  }

  @ParameterizedTest
  @EnumSource(names = {"Q8_0", "Q4_K", "Q6_K"})
  void decodesToTheBit(DType type) throws IOException {
    Golden golden = Golden.of(type);
    assertArrayEquals(golden.decoded, decode(type, golden.blocks));
  }

  @Test
  void eightBitsAreEncodedToTheBit() throws IOException {
    Golden golden = Golden.of(DType.Q8_0);
    byte[] expected = Arrays.copyOfRange(golden.blocks, golden.random * 34, golden.blocks.length);
    assertArrayEquals(expected, encode(DType.Q8_0, numbers()));
  }

  /** As near to the numbers as ggml's reference, summed over all and in each block nearly so. */
  @ParameterizedTest
  @CsvSource({"Q4_K,1.001,1.03", "Q6_K,1.001,1.03"})
  void fewBitsAreEncodedAsWellAsByGgml(DType type, double all, double each) throws IOException {
    Golden golden = Golden.of(type);
    float[] numbers = numbers();
    int elements = type.blockElements();
    float[] theirs =
        Arrays.copyOfRange(golden.decoded, golden.random * elements, golden.decoded.length);
    float[] ours = decode(type, encode(type, numbers));
    double sumOurs = 0;
    double sumTheirs = 0;
    for (int b = 0; b < numbers.length; b += elements) {
      double our = relative(numbers, ours, b, elements);
      double their = relative(numbers, theirs, b, elements);
      assertTrue(our <= each * their + 1e-9, type + ", block " + b + ": " + our + ", " + their);
      sumOurs += our;
      sumTheirs += their;
    }
    System.out.printf(
        "%s: mean squared relative error %.4g, ggml's %.4g%n",
        type, sumOurs / (numbers.length / elements), sumTheirs / (numbers.length / elements));
    assertTrue(sumOurs <= all * sumTheirs, sumOurs + " against ggml's " + sumTheirs);
  }

  /** Σ (x − q)² / Σ x² of a block. */
  private static double relative(float[] numbers, float[] decoded, int from, int count) {
    double error = 0;
    double size = 1e-30;
    for (int i = from; i < from + count; i++) {
      error += Math.pow((double) numbers[i] - decoded[i], 2);
      size += (double) numbers[i] * numbers[i];
    }
    return error / size;
  }

  /** What is already on the grid comes back as it was, so a file that is read and written stays. */
  @Test
  void eightBitsComeBack() throws IOException {
    float[] once = decode(DType.Q8_0, encode(DType.Q8_0, numbers()));
    float[] twice = decode(DType.Q8_0, encode(DType.Q8_0, once));
    for (int i = 0; i < once.length; i++) {
      assertEquals(once[i], twice[i], Math.abs(once[i]) * 1e-3f);
    }
  }
}
