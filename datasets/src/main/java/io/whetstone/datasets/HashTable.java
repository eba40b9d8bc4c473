package io.whetstone.datasets;

import java.util.Arrays;

/** Numbers by 64-bit hashes: open addressing with linear probing, at most half full. */
final class HashTable {

  private static final int EMPTY = -1;

  private long[] keys = new long[128];
  private int[] values = new int[128];
  private int size;

  HashTable() {
    Arrays.fill(values, EMPTY);
  }

  /** The number, or −1. */
  int get(long key) {
    return values[slot(key)];
  }

  /** Keeps a number, 0 or more, under a key that has none; false where it has one. */
  boolean putIfAbsent(long key, int value) {
    int slot = slot(key);
    if (values[slot] != EMPTY) {
      return false;
    }
    keys[slot] = key;
    values[slot] = value;
    if (++size * 2L > keys.length) {
      grow();
    }
    return true;
  }

  private int slot(long key) {
    int mask = keys.length - 1;
    int slot = (int) Hash.mix(key) & mask;
    while (values[slot] != EMPTY && keys[slot] != key) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private void grow() {
    long[] oldKeys = keys;
    int[] oldValues = values;
    keys = new long[2 * oldKeys.length];
    values = new int[keys.length];
    Arrays.fill(values, EMPTY);
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldValues[i] != EMPTY) {
        int slot = slot(oldKeys[i]);
        keys[slot] = oldKeys[i];
        values[slot] = oldValues[i];
      }
    }
  }
}
