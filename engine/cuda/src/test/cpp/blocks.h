// How the stand-in GPU runs a launch: blocks one after another on a few workers, a block's threads as fibers.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#define STAND_IN_LIBRARY
#include "stand_in.h"

namespace standin {

constexpr int MAX_THREADS = 1024;
constexpr int WARP = 32;
constexpr size_t MAX_SHARED = 227 * 1024;
constexpr size_t MAX_STATIC_SHARED = 48 * 1024;

/** What the tests may set: from the environment at first, by standInSet later. */
struct Settings {
  int workers;           // operating system threads that run blocks
  int order;             // of threads and blocks: 0 ascending, 1 descending, 2 shuffled
  unsigned long long seed;  // of the shuffle
  bool checked;          // modules are compiled with checks
  bool late;             // a stream's work waits until somebody waits for it
  size_t memory;         // bytes of the device
  int rowDependent;      // cuBLASLt's algorithm with this id depends on the number of rows; 0 for none
  int outDependent;      // or of outputs
  int brokenCaptures;    // so many captures from now on meet what cannot be captured
};
Settings& settings();

/** Errors of the driver that a kernel can end with. */
enum Failure { NONE = 0, ILLEGAL_ADDRESS = 700, MISALIGNED_ADDRESS = 716, LAUNCH_FAILED = 719 };

/** Static shared memory of a module: one array. */
struct SharedArray {
  uintptr_t begin;
  size_t bytes;
  std::string name;
};

/** A module as one worker has loaded it: each has its own, as static shared memory is in it. */
struct Loaded {
  std::string path;
  int file = -1;
  void* handle = nullptr;
  uintptr_t base = 0, readBegin = 0, readEnd = 0, writeBegin = 0, writeEnd = 0;
  std::vector<SharedArray> shared;
  StandInThread* thread = nullptr;
  uintptr_t sharedBegin = 0, sharedEnd = 0;
  std::vector<uint64_t> cells;  // see checks.h
  bool checked = false;
  ~Loaded();
};

/** Loads a shared object that was compiled from kernels; throws std::string. */
std::unique_ptr<Loaded> load(const std::string& path);

using Entry = void (*)(void**);

/** A compiled module: the bytes of a shared object. */
struct Module {
  std::string image;
  std::mutex mutex;
  std::map<int, std::unique_ptr<Loaded>> copies;
  Loaded* copy(int worker);
};

struct Kernel {
  Module* module;
  std::string name;
  std::vector<int> parameters;   // bytes of each
  size_t staticShared = 0;
  size_t maxDynamicShared = MAX_STATIC_SHARED;
  int maxThreads = MAX_THREADS;
  std::map<int, Entry> entries;
};

struct Launch {
  Kernel* kernel;
  dim3 grid, threads;
  size_t shared;
  std::vector<void*> values;  // a pointer to each parameter
  // while it runs
  unsigned long long number = 0;
  std::atomic<unsigned long long> next{0};
  std::atomic<int> failure{NONE};
  std::atomic<int> reported{0};
  std::atomic<bool> fenced{false};
  std::set<std::string> lines;  // that have been reported
};

/** Runs a launch to its end; gives the driver's error. */
int run(Launch& launch);

enum class Status : unsigned char { Fresh, Ready, Running, AtBarrier, InWarp, Ended };
enum class Operation : unsigned char { Shuffle, Ballot, Barrier, Mma, LoadMatrix };

/** An asynchronous copy that was started. */
struct Copy {
  void* shared;
  const void* global;
  StandInSite site;
};

struct Fiber {
  void* stackPointer = nullptr;
  char* stack = nullptr;
};

struct Thread {
  Fiber* fiber;
  Status status;
  Operation operation;
  unsigned mask;
  uint64_t value;
  int source;
  void* operands;
  StandInSite site;
  std::vector<Copy> copies;
  std::vector<int> groups;  // how many copies are in each group that was committed and not waited for
  int uncommitted;
};

struct Warp {
  unsigned ended;    // lanes
  unsigned waiting;  // lanes that take part in an operation and have come to it
  unsigned epoch;    // counts warp barriers, for the checks
};

}  // namespace standin

/** One operating system thread that runs blocks. */
struct StandInWorker {
  int number;
  standin::Launch* launch;
  standin::Loaded* module;
  standin::Entry entry;
  StandInThread* state;
  int threads;
  int live, atBarrier;
  unsigned predicate, lastPredicate;
  int current;
  unsigned long long block;
  standin::Thread thread[standin::MAX_THREADS];
  standin::Warp warp[standin::WARP];
  std::vector<int> order;          // in which threads begin
  std::vector<uint3> indices;      // threadIdx of each
  unsigned char laneOrder[standin::WARP][standin::WARP];  // a warp's lanes in that order
  std::vector<int> ready;      // a ring
  size_t readyFirst, readyCount;
  std::vector<standin::Fiber*> fibers, freeFibers;
  void* mainStackPointer;
  unsigned char* dynamicShared;  // of MAX_SHARED bytes
  // for the checks
  std::vector<uint64_t> dynamicCells;
  uint32_t epoch, blockEpoch;
  uint64_t globalStamp;
  struct Range { uintptr_t begin, end; } recent[4];
  int recentNext;
};

namespace standin {

/** Where something happened: a site, or else a return address in a module. */
struct Where {
  StandInSite site{nullptr, 0};
  const void* address = nullptr;
};

/** Notes a defect: kernel, block, thread, line and what. */
void report(StandInWorker* worker, Where where, const std::string& what);
/** Notes a defect that a GPU would stop at; the launch ends with this failure. */
void fail(StandInWorker* worker, Where where, Failure failure, const std::string& what);
/** The same from a kernel's thread, which ends here. */
[[noreturn]] void stop(StandInWorker* worker, Where where, Failure failure, const std::string& what);
/** Notes one down that is no kernel's. */
void addReport(const std::string& text);
/** Gives the reports since the last call. */
std::string takeReports();
/** "thread (1, 0, 0)". */
std::string threadName(StandInWorker* worker, int thread);

}  // namespace standin
