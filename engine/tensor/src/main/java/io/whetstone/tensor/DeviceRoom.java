package io.whetstone.tensor;

/**
 * The memory of a device that has its own.
 *
 * @param free bytes that nobody holds now, other processes counted
 * @param total bytes there are
 */
public record DeviceRoom(long free, long total) {}
