package io.whetstone.cpu.machine;

import java.lang.foreign.MemorySegment;

/**
 * Code of several forms, each made when it is first needed. Made twice by two threads it is the
 * same.
 */
public final class MadeCode {
  private final MemorySegment[] entries;

  /**
   * @param forms how many there can be
   */
  public MadeCode(int forms) {
    this.entries = new MemorySegment[forms];
  }

  /** Where a form's first instruction lies; null where it has not been made. */
  public MemorySegment entry(int form) {
    return entries[form];
  }

  /**
   * Makes a form.
   *
   * @throws OutOfMemoryError if there is no memory for it
   */
  public MemorySegment make(int form, byte[] instructions) {
    MemorySegment entry =
        MachineCode.of(instructions)
            .orElseThrow(() -> new OutOfMemoryError("no memory for a kernel's code"))
            .entry();
    entries[form] = entry;
    return entry;
  }
}
