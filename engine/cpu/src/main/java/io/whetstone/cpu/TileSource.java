package io.whetstone.cpu;

/**
 * Where the tiles of one head lie, as F32 or narrow; for one thread.
 *
 * <p>Narrow tiles are widened into one of {@value #SLOTS} slots when they are asked for, which pays
 * for itself where several queries go over them.
 */
final class TileSource {
  /** Tiles that may be held at once. */
  static final int SLOTS = 4;

  private TileLayout layout;
  private boolean narrow;
  private long keys;
  private long values;
  private long keyStep;
  private long valueStep;
  private long slots;

  /** Tiles of a cache: keys and values side by side, {@code step} bytes from tile to tile. */
  void pages(TileLayout layout, boolean narrow, long first, long step) {
    this.layout = layout;
    this.narrow = narrow;
    this.keys = first;
    this.values = first + (narrow ? layout.keyBytes() / 2 : layout.keyBytes());
    this.keyStep = step;
    this.valueStep = step;
  }

  /** F32 tiles one after another: all keys, and elsewhere all values. */
  void rows(TileLayout layout, long keys, long values) {
    this.layout = layout;
    this.narrow = false;
    this.keys = keys;
    this.values = values;
    this.keyStep = layout.keyBytes();
    this.valueStep = layout.rowsBytes();
  }

  TileLayout layout() {
    return layout;
  }

  /** Bytes of scratch that {@link #scratch} must give. */
  static long scratchBytes(TileLayout layout) {
    return SLOTS * (layout.keyBytes() + layout.rowsBytes());
  }

  void scratch(long address) {
    slots = address;
  }

  /** The keys of a tile as F32, until the slot is used again. */
  long keys(int slot, int tile) {
    long at = keys + keyStep * tile;
    if (!narrow) {
      return at;
    }
    long to = slots + layout.keyBytes() * slot;
    TileLayout.widen(at, to, layout.keyBytes());
    return to;
  }

  /** The values of a tile as F32, until the slot is used again; slots lie one after another. */
  long values(int slot, int tile) {
    long at = values + valueStep * tile;
    if (!narrow) {
      return at;
    }
    long to = slots + layout.keyBytes() * SLOTS + layout.rowsBytes() * slot;
    TileLayout.widen(at, to, layout.rowsBytes());
    return to;
  }
}
