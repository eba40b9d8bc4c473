#include "memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>

#include "blocks.h"

namespace standin {
namespace {

constexpr size_t UNIT = 512;            // allocations begin at multiples, as a GPU's do at least
constexpr size_t RED = 512;             // bytes that belong to nobody, after each
constexpr size_t POISONED = 16 << 20;   // of fresh memory: what nobody has written is no number

struct Book {
  std::mutex mutex;
  std::map<uintptr_t, Allocation> allocations;
  size_t used = 0, peak = 0;
  size_t pooled = 0, reserved = 0;  // of what is allocated, what is from a pool; and what the pool keeps
  int count = 0;
};

Book& book() {
  static Book* one = new Book;
  return *one;
}

size_t roundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

/** Gives whole pages within a range back to the system. */
void forget(char* begin, char* end) {
  char* first = (char*)roundUp((uintptr_t)begin, 4096);
  char* last = (char*)((uintptr_t)end / 4096 * 4096);
  if (first < last) madvise(first, last - first, MADV_DONTNEED);
}

}  // namespace

Region region;

Region::Region() {
  for (bytes = (size_t)1 << 38; bytes >= (size_t)1 << 30; bytes >>= 1) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) continue;
    void* shadow = mmap(nullptr, 8 * bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (shadow == MAP_FAILED) {
      munmap(memory, bytes);
      continue;
    }
    begin = (char*)memory;
    cells = (uint64_t*)shadow;
    return;
  }
  bytes = 0;
}

void* allocate(size_t bytes, void* pool) {
  Book& entries = book();
  std::lock_guard<std::mutex> lock(entries.mutex);
  size_t whole = roundUp(bytes, UNIT);
  if (entries.used + whole > settings().memory || region.next + whole + RED > region.bytes) return nullptr;
  char* begin = region.begin + region.next;
  region.next += whole + RED;
  memset(begin, 0xff, std::min(whole, POISONED));
  entries.allocations[(uintptr_t)begin] = {(uintptr_t)begin, bytes, false, pool};
  entries.used += whole;
  entries.peak = std::max(entries.peak, entries.used);
  if (pool != nullptr) entries.pooled += whole;
  entries.reserved = std::max(entries.reserved, entries.pooled);
  entries.count++;
  return begin;
}

bool release(void* address) {
  Book& entries = book();
  std::lock_guard<std::mutex> lock(entries.mutex);
  auto found = entries.allocations.find((uintptr_t)address);
  if (found == entries.allocations.end() || found->second.host) return false;
  size_t whole = roundUp(found->second.bytes, UNIT);
  char* begin = (char*)address;
  memset(begin, 0xff, std::min(whole, (size_t)8192));
  forget(begin, begin + whole);
  char* cells = (char*)region.cells + 8 * (begin - region.begin);
  forget(cells, cells + 8 * whole);
  entries.used -= whole;
  if (found->second.pool != nullptr) entries.pooled -= whole;
  entries.count--;
  entries.allocations.erase(found);
  return true;
}

bool findBefore(const void* address, Allocation* found) {
  Book& entries = book();
  std::lock_guard<std::mutex> lock(entries.mutex);
  auto after = entries.allocations.upper_bound((uintptr_t)address);
  if (after == entries.allocations.begin()) return false;
  *found = std::prev(after)->second;
  return true;
}

bool find(const void* address, Allocation* found) {
  return findBefore(address, found) && (uintptr_t)address < found->begin + std::max(found->bytes, (size_t)1);
}

size_t usedBytes() {
  std::lock_guard<std::mutex> lock(book().mutex);
  return book().used;
}

size_t pooledBytes() {
  std::lock_guard<std::mutex> lock(book().mutex);
  return book().pooled;
}

size_t takenBytes() {
  std::lock_guard<std::mutex> lock(book().mutex);
  return book().used - book().pooled + book().reserved;
}

void trimPool(size_t kept) {
  std::lock_guard<std::mutex> lock(book().mutex);
  book().reserved = std::max(book().pooled, std::min(book().reserved, kept));
}

size_t peakBytes() {
  std::lock_guard<std::mutex> lock(book().mutex);
  return book().peak;
}

int allocations() {
  std::lock_guard<std::mutex> lock(book().mutex);
  return book().count;
}

void* allocateHost(size_t bytes) {
  void* address = mmap(nullptr, roundUp(bytes, 4096), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return nullptr;
  return registerHost(address, bytes) ? address : nullptr;
}

bool registerHost(void* address, size_t bytes) {
  std::lock_guard<std::mutex> lock(book().mutex);
  return book().allocations.emplace((uintptr_t)address, Allocation{(uintptr_t)address, bytes, true, nullptr}).second;
}

bool releaseHost(void* address, bool allocated) {
  std::lock_guard<std::mutex> lock(book().mutex);
  auto found = book().allocations.find((uintptr_t)address);
  if (found == book().allocations.end() || !found->second.host) return false;
  if (allocated) munmap(address, roundUp(found->second.bytes, 4096));
  book().allocations.erase(found);
  return true;
}

}  // namespace standin
