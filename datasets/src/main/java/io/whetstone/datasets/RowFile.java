package io.whetstone.datasets;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.List;

/**
 * Rows as JSON objects, one a line, in an open file.
 *
 * @param name of the file they come from, for the names of tasks
 * @param place of the file they come from, for messages; what {@link #at} is said of
 * @param lines whether a row's number is that of a line in the file they come from
 * @param channel the lines; closed by the dataset
 * @param rejected rows of the file they come from that are no rows at all, counted when they were
 *     read from it
 * @param examples the first of these
 */
public record RowFile(
    String name,
    String place,
    boolean lines,
    FileChannel channel,
    long rejected,
    List<String> examples) {

  /** A file whose lines are rows. */
  public RowFile(String name, String place, FileChannel channel) {
    this(name, place, true, channel, 0, List.of());
  }

  /** Where a row is, for messages. */
  String at(long number) {
    return place + (lines ? ":" : ": row ") + number;
  }

  /** The bytes at an offset; fewer than asked for at the end of the file. */
  byte[] read(long offset, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining() && channel.read(bytes, offset + bytes.position()) >= 0) {}
    return java.util.Arrays.copyOf(bytes.array(), bytes.position());
  }
}
