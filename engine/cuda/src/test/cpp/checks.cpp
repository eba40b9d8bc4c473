#include "checks.h"

#include <cstdio>
#include <cstring>

#include "memory.h"

// A cell is two stamps, of the last write and of the last reads, for each pair of bytes. Bytes that are written alone are
// not told apart, and so not looked at for races.
//
// In shared memory a stamp is [epoch 32 | several warps 1 | several lanes 1 | copy under way 1 | warp epoch 19 | thread 10]:
// the epoch counts a worker's blocks and barriers. Two accesses of one epoch are ordered only within a warp that has passed __syncwarp.
// In global memory it is [launch 16 | block 22 | epoch 14 | several blocks 1 | several threads 1 | thread 10].

namespace standin {
namespace {

constexpr uint64_t THREAD = 1023;
constexpr uint64_t PENDING = 1ull << 29, SEVERAL_LANES = 1ull << 30, SEVERAL_WARPS = 1ull << 31;
constexpr uint64_t WARP_EPOCH = 0x7ffff;
constexpr uint64_t SEVERAL_THREADS = 1ull << 10, SEVERAL_BLOCKS = 1ull << 11;
constexpr int MAX_REPORTS = 20;  // of a launch

std::mutex reportMutex;
std::string reports;

unsigned warpEpoch(StandInWorker* worker, int thread) {
  unsigned epoch = worker->warp[thread / WARP].epoch;
  return epoch < WARP_EPOCH ? epoch : (unsigned)WARP_EPOCH;
}

std::string baseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string line(StandInWorker* worker, Where where) {
  if (where.site.file != nullptr) return baseName(where.site.file) + ":" + std::to_string(where.site.line);
  if (where.address == nullptr || worker->module == nullptr) return "";
  char command[4096];
  snprintf(command, sizeof command, "addr2line -e '%s' 0x%lx 2>/dev/null", worker->module->path.c_str(), (unsigned long)((uintptr_t)where.address - 1 - worker->module->base));
  std::string answer;
  FILE* pipe = popen(command, "r");
  if (pipe != nullptr) {
    char buffer[1024];
    while (fgets(buffer, sizeof buffer, pipe) != nullptr) answer += buffer;
    pclose(pipe);
  }
  answer = answer.substr(0, answer.find_first_of("\n "));
  return answer.empty() || answer[0] == '?' ? "line unknown" : baseName(answer);
}

const char* verb(Access access) { return access == Access::Read ? "reads" : access == Access::Atomic ? "changes" : "writes"; }

std::string bytesName(size_t bytes) { return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes"); }

/** A place in shared memory, named only when there is something to say of it. */
struct Place {
  const SharedArray* array;  // null for dynamic memory
  size_t offset;
  std::string name() const { return "byte " + std::to_string(offset) + " of " + (array == nullptr ? "dynamic shared memory" : "shared " + array->name); }
  size_t bytes(StandInWorker* worker) const { return array == nullptr ? worker->launch->shared : array->bytes; }
};

/** Whether what another thread did, by its stamp, is not ordered before what this one does now. */
bool unordered(StandInWorker* worker, uint64_t stamp) {
  if (stamp >> 32 != worker->epoch) return false;
  if ((stamp & SEVERAL_WARPS) != 0) return true;
  int self = worker->current, other = (int)(stamp & THREAD);
  if (other / WARP != self / WARP) return true;
  if (other == self && (stamp & SEVERAL_LANES) == 0) return false;
  return (stamp >> 10 & WARP_EPOCH) == warpEpoch(worker, self);
}

std::string other(StandInWorker* worker, uint64_t stamp, const char* did) {
  std::string name = (stamp & (SEVERAL_WARPS | SEVERAL_LANES)) != 0 ? "other threads" : threadName(worker, (int)(stamp & THREAD));
  return ", which " + name + (name == "other threads" ? " have " : " has ") + did + " with no barrier in between";
}

void raceShared(StandInWorker* worker, uint64_t* cells, size_t bytes, Access access, const Where& where, Place place) {
  uint64_t epoch = worker->epoch;
  uint64_t self = epoch << 32 | (uint64_t)warpEpoch(worker, worker->current) << 10 | (uint64_t)worker->current;
  bool reads = access == Access::Read || access == Access::Atomic;
  size_t last = (place.offset + bytes - 1) / 2;
  for (size_t cell = place.offset / 2; cell <= last; cell++) {
    uint64_t& written = cells[2 * cell];
    uint64_t& read = cells[2 * cell + 1];
    if (__builtin_expect((written & PENDING) != 0, 0) && written >> 32 >= worker->blockEpoch && access != Access::CopyEnd) {
      report(worker, where, std::string(verb(access)) + " " + place.name() + " before its asynchronous copy was waited for");
      written &= ~PENDING;
    }
    if (reads && __builtin_expect(written >> 32 < worker->blockEpoch, 0)) {
      report(worker, where, std::string(verb(access)) + " " + place.name() + " before anything was written there");
      written = self;
    }
    if (access == Access::Atomic) {
      // Ordered against other atomics, and taken for ordered against the rest.
      written = worker->epoch == worker->blockEpoch ? self : (uint64_t)worker->blockEpoch << 32 | THREAD;
      continue;
    }
    if (written >> 32 == epoch && bytes > 1 && unordered(worker, written)) {
      report(worker, where, std::string("race: ") + verb(access) + " " + place.name() + other(worker, written, "written"));
    }
    if (access == Access::Read) {
      if (read >> 32 != epoch) {
        read = self;
      } else if ((read & SEVERAL_WARPS) == 0 && read != self) {
        if ((int)(read & THREAD) / WARP != worker->current / WARP) {
          read |= SEVERAL_WARPS;
        } else if ((read >> 10 & WARP_EPOCH) != warpEpoch(worker, worker->current)) {
          read = self;
        } else if ((int)(read & THREAD) != worker->current) {
          read |= SEVERAL_LANES;
        }
      }
    } else {
      if (read >> 32 == epoch && bytes > 1 && unordered(worker, read)) {
        report(worker, where, std::string("race: writes ") + place.name() + other(worker, read, "read"));
        read = 0;
      }
      written = access == Access::CopyBegin ? self | PENDING : self;
    }
  }
}

bool unorderedGlobal(StandInWorker* worker, uint64_t stamp, uint64_t self) {
  if (stamp >> 48 != self >> 48) return false;
  if (stamp >> 26 != self >> 26) return true;  // another block
  if ((stamp & SEVERAL_BLOCKS) != 0) return true;
  if ((stamp >> 12 & 0x3fff) != (self >> 12 & 0x3fff) || (self >> 12 & 0x3fff) == 0x3fff) return false;
  int thread = (int)(stamp & THREAD);
  if (thread == worker->current && (stamp & SEVERAL_THREADS) == 0) return false;
  return thread / WARP != worker->current / WARP || worker->warp[thread / WARP].epoch == 0;
}

void raceGlobal(StandInWorker* worker, uintptr_t address, size_t bytes, Access access, const Where& where) {
  if (worker->launch->fenced || access == Access::Atomic || bytes == 1) return;
  uint64_t epoch = worker->epoch - worker->blockEpoch;
  uint64_t self = worker->globalStamp | (epoch < 0x3fff ? epoch : 0x3fff) << 12 | (uint64_t)worker->current;
  uint64_t* cells = cellsOf(address);
  for (size_t cell = 0; cell <= (address % 2 + bytes - 1) / 2; cell++) {
    uint64_t written = __atomic_load_n(&cells[2 * cell], __ATOMIC_RELAXED);
    uint64_t read = __atomic_load_n(&cells[2 * cell + 1], __ATOMIC_RELAXED);
    bool race = unorderedGlobal(worker, written, self);
    if (race) report(worker, where, std::string("race in global memory: ") + verb(access) + " what another thread of this launch has written (thread " + std::to_string(written & THREAD) + " of block " + std::to_string(written >> 26 & 0x3fffff) + ")");
    if (access == Access::Write) {
      if (!race && unorderedGlobal(worker, read, self)) report(worker, where, "race in global memory: writes what another thread of this launch has read (thread " + std::to_string(read & THREAD) + " of block " + std::to_string(read >> 26 & 0x3fffff) + ")");
      __atomic_store_n(&cells[2 * cell], self, __ATOMIC_RELAXED);
    } else {
      if (read >> 48 != self >> 48) {
        read = self;
      } else if (read >> 26 != self >> 26) {
        read |= SEVERAL_BLOCKS;
      } else if ((read & SEVERAL_BLOCKS) == 0) {
        if ((read >> 12 & 0x3fff) != (self >> 12 & 0x3fff)) {
          read = self;
        } else if ((read & THREAD) != (self & THREAD)) {
          read |= SEVERAL_THREADS;
        }
      }
      __atomic_store_n(&cells[2 * cell + 1], read, __ATOMIC_RELAXED);
    }
    if (race) return;
  }
}

/** The place of an address in shared memory; false for one elsewhere. */
inline bool findShared(StandInWorker* worker, uintptr_t address, Place* place) {
  size_t offset = address - (uintptr_t)worker->dynamicShared;
  if (offset < MAX_SHARED + 4096) {
    *place = {nullptr, offset};
    return true;
  }
  const Loaded& module = *worker->module;
  if (address - module.sharedBegin >= module.sharedEnd - module.sharedBegin) return false;
  for (const SharedArray& array : module.shared) {
    if (address - array.begin < 65536) {
      *place = {&array, address - array.begin};
      return true;
    }
  }
  return false;
}

inline void lookShared(StandInWorker* worker, Place place, size_t bytes, Access access, const Where& where) {
  if (__builtin_expect(place.offset + bytes > place.bytes(worker), 0)) {
    stop(worker, where, ILLEGAL_ADDRESS, std::string("out of bounds: ") + verb(access) + " " + bytesName(bytes) + " at " + place.name() + ", which has " + std::to_string(place.bytes(worker)));
  }
  Loaded& module = *worker->module;
  if (!module.checked) return;
  uint64_t* cells = place.array == nullptr ? worker->dynamicCells.data() : module.cells.data() + (place.array->begin - module.sharedBegin);
  raceShared(worker, cells, bytes, access, where, place);
}

/**
 * Whether a read needs no closer look: of dynamic shared memory, written before the last barrier, with a stamp of reads that
 * this one would leave as it is. Most are, as threads read the same tiles; the rest is raceShared's.
 */
inline bool nothingNew(StandInWorker* worker, uintptr_t address, size_t bytes) {
  size_t offset = address - (uintptr_t)worker->dynamicShared;
  if (offset >= worker->launch->shared || offset + bytes > worker->launch->shared || !worker->module->checked) return false;
  uint32_t epoch = worker->epoch, first = worker->blockEpoch;
  uint64_t self = (uint64_t)epoch << 32 | (uint64_t)warpEpoch(worker, worker->current) << 10 | (uint64_t)worker->current;
  const uint64_t* cells = worker->dynamicCells.data();
  for (size_t cell = offset / 2; cell <= (offset + bytes - 1) / 2; cell++) {
    uint64_t written = cells[2 * cell], read = cells[2 * cell + 1];
    if ((uint32_t)(written >> 32) - first >= epoch - first || (written & PENDING) != 0) return false;
    if (read == self) continue;
    if (read >> 32 != epoch) return false;
    bool ofWarp = (read & SEVERAL_LANES) != 0 && ((read ^ self) & ~(SEVERAL_LANES | (WARP - 1))) == 0;
    if ((read & SEVERAL_WARPS) == 0 && !ofWarp) return false;
  }
  return true;
}

bool onStack(StandInWorker* worker, uintptr_t address) {
  Fiber* fiber = worker->thread[worker->current].fiber;
  return fiber != nullptr && address - (uintptr_t)fiber->stack < 128 * 1024;
}

}  // namespace

std::string threadName(StandInWorker* worker, int thread) {
  unsigned x = worker->launch->threads.x, y = worker->launch->threads.y;
  if (y == 1 && worker->launch->threads.z == 1) return "thread " + std::to_string(thread);
  return "thread (" + std::to_string(thread % x) + ", " + std::to_string(thread / x % y) + ", " + std::to_string(thread / x / y) + ")";
}

void report(StandInWorker* worker, Where where, const std::string& what) {
  {
    // Once for each line: the first thread that does it is enough.
    std::lock_guard<std::mutex> lock(reportMutex);
    std::string key = std::to_string((uintptr_t)where.address) + ":" + std::to_string(where.site.line) + (where.site.file != nullptr ? where.site.file : "") + what.substr(0, 10);
    if (!worker->launch->lines.insert(key).second) return;
  }
  int number = worker->launch->reported++;
  if (number > MAX_REPORTS) return;
  std::string text;
  if (number == MAX_REPORTS) {
    text = worker->launch->kernel->name + ": more of these\n";
  } else {
    StandInThread& state = *worker->state;
    text = worker->launch->kernel->name + ", block (" + std::to_string(state.block.x) + ", " + std::to_string(state.block.y) + ", " + std::to_string(state.block.z) + "), " + threadName(worker, worker->current) + ", " + line(worker, where) + ": " + what + "\n";
  }
  std::lock_guard<std::mutex> lock(reportMutex);
  reports += text;
}

void fail(StandInWorker* worker, Where where, Failure failure, const std::string& what) {
  report(worker, where, what);
  int none = NONE;
  worker->launch->failure.compare_exchange_strong(none, failure);
}

void addReport(const std::string& text) {
  std::lock_guard<std::mutex> lock(reportMutex);
  reports += text;
}

std::string takeReports() {
  std::lock_guard<std::mutex> lock(reportMutex);
  std::string taken;
  taken.swap(reports);
  return taken;
}

void beginBlock(StandInWorker* worker) {
  worker->blockEpoch = ++worker->epoch;
  if (worker->dynamicCells.size() < worker->launch->shared + 16) worker->dynamicCells.resize(worker->launch->shared + 16);
  memset(worker->dynamicShared, 0xff, worker->launch->shared);
  for (const SharedArray& array : worker->module->shared) memset((void*)array.begin, 0xff, array.bytes);
  uint64_t launch = worker->launch->number % 65535 + 1;
  worker->globalStamp = launch << 48 | (worker->block & 0x3fffff) << 26;
}

void checkShared(StandInWorker* worker, const void* address, size_t bytes, Access access, const Where& where) {
  Place place;
  if (!findShared(worker, (uintptr_t)address, &place)) {
    stop(worker, where, ILLEGAL_ADDRESS, std::string(verb(access)) + " " + bytesName(bytes) + " that are not in shared memory");
  }
  lookShared(worker, place, bytes, access, where);
}

void check(StandInWorker* worker, const void* address, size_t bytes, Access access, const Where& where) {
  uintptr_t begin = (uintptr_t)address;
  Place place;
  if (findShared(worker, begin, &place)) {
    lookShared(worker, place, bytes, access, where);
    return;
  }
  for (auto& range : worker->recent) {
    if (begin >= range.begin && begin + bytes <= range.end) {
      if (worker->module->checked && isDevice(address)) raceGlobal(worker, begin, bytes, access, where);
      return;
    }
  }
  if (onStack(worker, begin)) return;
  Loaded& module = *worker->module;
  if (access == Access::Read && begin >= module.readBegin && begin + bytes <= module.readEnd) return;
  if (begin >= module.writeBegin && begin + bytes <= module.writeEnd) return;
  Allocation found;
  bool any = findBefore(address, &found);
  if (!any || begin - found.begin >= (found.bytes + 511) / 512 * 512 + 512 || found.host != !isDevice(address)) {
    char hex[32];
    snprintf(hex, sizeof hex, "0x%lx", (unsigned long)begin);
    stop(worker, where, ILLEGAL_ADDRESS, std::string("out of bounds: ") + verb(access) + " " + bytesName(bytes) + " at " + hex + (isDevice(address) ? ", which is in no allocation (freed?)" : ", which is not device memory"));
  }
  if (begin + bytes > found.begin + found.bytes) {
    stop(worker, where, ILLEGAL_ADDRESS, std::string("out of bounds: ") + verb(access) + " " + bytesName(bytes) + " at byte " + std::to_string(begin - found.begin) + " of an allocation of " + std::to_string(found.bytes));
  }
  worker->recent[worker->recentNext] = {found.begin, found.begin + found.bytes};
  worker->recentNext = (worker->recentNext + 1) % 4;
  if (module.checked && !found.host) raceGlobal(worker, begin, bytes, access, where);
}

}  // namespace standin

using namespace standin;

// What g++ -fsanitize=thread calls before accesses. Nothing of its own runtime is linked.
#define READ(name, bytes) \
  void name(void* address) { if (runningWorker != nullptr && !nothingNew(runningWorker, (uintptr_t)address, bytes)) check(runningWorker, address, bytes, Access::Read, {{nullptr, 0}, __builtin_return_address(0)}); }
#define WRITE(name, bytes) \
  void name(void* address) { if (runningWorker != nullptr) check(runningWorker, address, bytes, Access::Write, {{nullptr, 0}, __builtin_return_address(0)}); }
extern "C" {
READ(__tsan_read1, 1)
READ(__tsan_read2, 2)
READ(__tsan_read4, 4)
READ(__tsan_read8, 8)
READ(__tsan_read16, 16)
WRITE(__tsan_write1, 1)
WRITE(__tsan_write2, 2)
WRITE(__tsan_write4, 4)
WRITE(__tsan_write8, 8)
WRITE(__tsan_write16, 16)
READ(__tsan_volatile_read1, 1)
READ(__tsan_volatile_read2, 2)
READ(__tsan_volatile_read4, 4)
READ(__tsan_volatile_read8, 8)
READ(__tsan_volatile_read16, 16)
WRITE(__tsan_volatile_write1, 1)
WRITE(__tsan_volatile_write2, 2)
WRITE(__tsan_volatile_write4, 4)
WRITE(__tsan_volatile_write8, 8)
WRITE(__tsan_volatile_write16, 16)
void __tsan_read_range(void* address, unsigned long bytes) { if (runningWorker != nullptr) check(runningWorker, address, bytes, Access::Read, {{nullptr, 0}, __builtin_return_address(0)}); }
void __tsan_write_range(void* address, unsigned long bytes) { if (runningWorker != nullptr) check(runningWorker, address, bytes, Access::Write, {{nullptr, 0}, __builtin_return_address(0)}); }
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit(void*) {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}

// What g++ -fsanitize=alignment,bounds,… calls where it has found something; their structures are given by its ABI.
struct SourceLocation { const char* file; unsigned line, column; };
struct TypeMismatch { SourceLocation location; const void* type; unsigned char logAlignment, kind; };
struct OutOfBounds { SourceLocation location; const void* arrayType; const void* indexType; };
struct Overflow { SourceLocation location; const void* type; };

void __ubsan_handle_type_mismatch_v1(TypeMismatch* data, unsigned long pointer) {
  StandInSite site{data->location.file, (int)data->location.line};
  unsigned alignment = 1u << data->logAlignment;
  if (pointer == 0) stop(runningWorker, {site}, ILLEGAL_ADDRESS, "out of bounds: a null pointer is followed");
  stop(runningWorker, {site}, MISALIGNED_ADDRESS, "misaligned: an address is not a multiple of " + std::to_string(alignment) + " (it leaves " + std::to_string(pointer % alignment) + ")");
}
void __ubsan_handle_out_of_bounds(OutOfBounds* data, unsigned long index) {
  stop(runningWorker, {{data->location.file, (int)data->location.line}}, ILLEGAL_ADDRESS, "out of bounds: index " + std::to_string((long)index) + " of an array's dimension");
}
void __ubsan_handle_divrem_overflow(Overflow* data, unsigned long, unsigned long) {
  report(runningWorker, {{data->location.file, (int)data->location.line}}, "a whole number divided by zero, or a quotient that overflows");
}
void __ubsan_handle_shift_out_of_bounds(Overflow* data, unsigned long, unsigned long) {
  report(runningWorker, {{data->location.file, (int)data->location.line}}, "a shift by more bits than there are");
}
}
