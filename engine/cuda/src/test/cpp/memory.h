// The stand-in GPU's memory: a range of addresses that are never used twice, so that a stale one is found.
#pragma once

#include <cstddef>
#include <cstdint>

namespace standin {

/** An allocation, or a host range that the device may touch. */
struct Allocation {
  uintptr_t begin;
  size_t bytes;
  bool host;
  void* pool;
};

/** Null where the memory that settings().memory allows is used up. */
void* allocate(size_t bytes, void* pool = nullptr);
/** False where the address is none that allocate gave. */
bool release(void* address);
/** The allocation that an address lies in; false for none. */
bool find(const void* address, Allocation* found);
/** The last allocation that begins at an address or before it. */
bool findBefore(const void* address, Allocation* found);
/** Bytes that are allocated; of them, those from a pool. */
size_t usedBytes();
size_t pooledBytes();
/** Bytes that the device counts as taken: a pool keeps what is freed until it is trimmed. */
size_t takenBytes();
void trimPool(size_t kept);
size_t peakBytes();
int allocations();

/** Host memory that is pinned. */
void* allocateHost(size_t bytes);
bool registerHost(void* address, size_t bytes);
bool releaseHost(void* address, bool allocated);

/** The range of the device's addresses, and the cells of the race check: two for each pair of bytes. */
struct Region {
  char* begin = nullptr;
  size_t bytes = 0, next = 0;
  uint64_t* cells = nullptr;
  Region();
};
extern Region region;

inline bool isDevice(const void* address) { return (size_t)((char*)address - region.begin) < region.bytes; }
inline uint64_t* cellsOf(uintptr_t address) { return region.cells + (address - (uintptr_t)region.begin) / 2 * 2; }

}  // namespace standin
