package io.whetstone.rewards.sandbox;

import java.util.ArrayList;
import java.util.List;

/**
 * The file descriptors that a child is given, numbered from 0 in the order they are added, and our
 * ends of its pipes. Closing it closes all of ours that are still open.
 */
final class Descriptors implements AutoCloseable {

  private final Libc libc;
  private final List<Integer> childs = new ArrayList<>();
  private final List<Integer> childsPipes = new ArrayList<>();
  private final List<Integer> open = new ArrayList<>();

  Descriptors(Libc libc) {
    this.libc = libc;
  }

  List<Integer> childs() {
    return childs;
  }

  /** Gives the child a file of these bytes; its number there. */
  int addFile(byte[] bytes) {
    libc.fill(addFile(), bytes);
    return childs.size() - 1;
  }

  /** Gives the child an empty file; our own number for it, to fill it later. */
  int addFile() {
    int file = libc.memoryFile();
    open.add(file);
    childs.add(file);
    return file;
  }

  /** Gives the child the writing end of a pipe; our reading end. */
  int addOutput() {
    int[] ends = pipe();
    childs.add(ends[1]);
    childsPipes.add(ends[1]);
    return ends[0];
  }

  /** Gives the child the reading end of a pipe; our writing end. */
  int addInput() {
    int[] ends = pipe();
    childs.add(ends[0]);
    childsPipes.add(ends[0]);
    return ends[1];
  }

  private int[] pipe() {
    int[] ends = libc.pipe();
    open.add(ends[0]);
    open.add(ends[1]);
    return ends;
  }

  /** Closes the child's ends of the pipes, which it has now: a pipe ends with its last writer. */
  void handedOver() {
    childsPipes.forEach(this::close);
  }

  void close(int descriptor) {
    if (open.remove((Integer) descriptor)) {
      libc.close(descriptor);
    }
  }

  @Override
  public void close() {
    List.copyOf(open).forEach(this::close);
  }
}
