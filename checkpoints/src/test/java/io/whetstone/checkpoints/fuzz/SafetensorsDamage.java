package io.whetstone.checkpoints.fuzz;

import io.whetstone.fuzz.Damage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Changes what a safetensors file's header says, and has its length right, so that it is read. */
final class SafetensorsDamage implements Damage {
  private final Damage json = Damage.json();

  @Override
  public byte[] of(byte[] file, RandomGenerator random) {
    int length = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    byte[] header = json.of(Arrays.copyOfRange(file, 8, 8 + length), random);
    return ByteBuffer.allocate(file.length - length + header.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .put(header)
        .put(file, 8 + length, file.length - 8 - length)
        .array();
  }
}
