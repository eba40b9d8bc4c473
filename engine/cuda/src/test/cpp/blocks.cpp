#include "blocks.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <thread>

#include "checks.h"
#include "fiber.h"

namespace standin {

__thread StandInWorker* runningWorker __attribute__((tls_model("initial-exec"))) = nullptr;

namespace {

long environment(const char* name, long otherwise) {
  const char* value = getenv(name);
  return value != nullptr && *value != 0 ? atol(value) : otherwise;
}

uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

[[noreturn]] void fiberMain();

Thread& runningThread(StandInWorker* worker) { return worker->thread[worker->current]; }

void place(StandInWorker* worker, int thread) {
  worker->current = thread;
  worker->state->index = worker->indices[thread];
}

void pushReady(StandInWorker* worker, int thread) {
  worker->thread[thread].status = Status::Ready;
  worker->ready[(worker->readyFirst + worker->readyCount++) % MAX_THREADS] = thread;
}

int popReady(StandInWorker* worker) {
  if (worker->readyCount == 0) return -1;
  int thread = worker->ready[worker->readyFirst];
  worker->readyFirst = (worker->readyFirst + 1) % MAX_THREADS;
  worker->readyCount--;
  return thread;
}

Fiber* takeFiber(StandInWorker* worker) {
  if (worker->freeFibers.empty()) {
    Fiber* fiber = new Fiber;
    char* memory = (char*)mmap(nullptr, STACK + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    mprotect(memory, 4096, PROT_NONE);
    fiber->stack = memory + 4096;
    worker->fibers.push_back(fiber);
    worker->freeFibers.push_back(fiber);
  }
  Fiber* fiber = worker->freeFibers.back();
  worker->freeFibers.pop_back();
  return fiber;
}

/** Goes on with another thread, or with the worker where none is ready; comes back when this thread is chosen. */
void leave(StandInWorker* worker, void** stackPointer) {
  int next = popReady(worker);
  if (next < 0) {
    standInSwitch(stackPointer, worker->mainStackPointer);
    return;
  }
  Thread& thread = worker->thread[next];
  if (thread.fiber == nullptr) {
    thread.fiber = takeFiber(worker);
    thread.fiber->stackPointer = newStack(thread.fiber->stack, fiberMain);
  }
  thread.status = Status::Running;
  place(worker, next);
  if (&thread.fiber->stackPointer != stackPointer) standInSwitch(stackPointer, thread.fiber->stackPointer);
}

void wait(StandInWorker* worker) { leave(worker, &runningThread(worker).fiber->stackPointer); }

void releaseBarrier(StandInWorker* worker) {
  worker->lastPredicate = worker->predicate;
  worker->predicate = 0;
  worker->atBarrier = 0;
  worker->epoch++;
  for (int warp = 0; warp < WARP; warp++) worker->warp[warp].epoch = 0;
  for (int thread : worker->order) {
    if (worker->thread[thread].status == Status::AtBarrier) pushReady(worker, thread);
  }
}

std::string where(const StandInSite& site) { return std::string(site.file).substr(std::string(site.file).rfind('/') + 1) + ":" + std::to_string(site.line); }

bool sameSite(const StandInSite& a, const StandInSite& b) { return a.line == b.line && (a.file == b.file || std::string(a.file) == b.file); }

/** All live threads are at a barrier: at the same one? */
void finishBarrier(StandInWorker* worker) {
  int first = -1, ended = -1;
  for (int thread = 0; thread < worker->threads; thread++) {
    if (worker->thread[thread].status == Status::Ended) {
      if (ended < 0) ended = thread;
      continue;
    }
    if (first < 0) first = thread;
    if (!sameSite(worker->thread[thread].site, worker->thread[first].site)) {
      report(worker, {worker->thread[thread].site}, "divergent barrier: " + threadName(worker, thread) + " waits here, " + threadName(worker, first) + " at " + where(worker->thread[first].site));
      break;
    }
  }
  if (ended >= 0 && first >= 0) {
    report(worker, {worker->thread[first].site}, "divergent barrier: " + threadName(worker, first) + " waits here, " + threadName(worker, ended) + " has ended");
  }
  releaseBarrier(worker);
}

[[noreturn]] void endThread(StandInWorker* worker) {
  Thread& thread = runningThread(worker);
  int number = worker->current;
  thread.status = Status::Ended;
  worker->warp[number / WARP].ended |= 1u << (number % WARP);
  worker->live--;
  if (worker->atBarrier > 0 && worker->atBarrier == worker->live) finishBarrier(worker);
  // The next thread may begin on this very stack.
  int next = worker->readyCount == 0 ? -1 : worker->ready[worker->readyFirst];
  Fiber* fiber = thread.fiber;
  thread.fiber = nullptr;
  if (next >= 0 && worker->thread[next].fiber == nullptr) {
    popReady(worker);
    worker->thread[next].fiber = fiber;
    worker->thread[next].status = Status::Running;
    place(worker, next);
    restart(fiber->stack, fiberMain);
  }
  worker->freeFibers.push_back(fiber);
  void* never;
  leave(worker, &never);
  __builtin_unreachable();
}

[[noreturn]] void fiberMain() {
  StandInWorker* worker = runningWorker;
  worker->entry(worker->launch->values.data());
  endThread(worker);
}

const char* name(Operation operation) {
  switch (operation) {
    case Operation::Shuffle: return "a shuffle";
    case Operation::Ballot: return "a vote";
    case Operation::Barrier: return "__syncwarp";
    case Operation::Mma: return "mma16816";
    default: return "ldmatrix";
  }
}

/** Nobody can go on, and somebody waits. */
void reportDeadlock(StandInWorker* worker) {
  for (int thread = 0; thread < worker->threads; thread++) {
    Thread& stuck = worker->thread[thread];
    if (stuck.status != Status::InWarp) continue;
    int first = thread / WARP * WARP;
    for (int lane = 0; lane < WARP && first + lane < worker->threads; lane++) {
      Thread& other = worker->thread[first + lane];
      if ((stuck.mask >> lane & 1) == 0) continue;
      std::string fault;
      if (other.status == Status::AtBarrier) fault = "waits at __syncthreads, " + where(other.site);
      if (other.status == Status::Ended) fault = "has ended";
      if (other.status == Status::InWarp && (other.mask != stuck.mask || other.operation != stuck.operation)) fault = std::string("waits at ") + name(other.operation) + ", " + where(other.site) + ", for other lanes";
      if (!fault.empty()) {
        fail(worker, {stuck.site}, LAUNCH_FAILED, "divergent warp: " + threadName(worker, thread) + " waits at " + name(stuck.operation) + " for lane " + std::to_string(lane) + ", which " + fault);
        return;
      }
    }
  }
  fail(worker, {}, LAUNCH_FAILED, "threads wait for one another");
}

void convert(float* to, unsigned packed) {
  to[0] = __uint_as_float(packed << 16);
  to[1] = __uint_as_float(packed & 0xffff0000u);
}

struct MmaOperands {
  float* d;
  const unsigned *a, *b;
};

/** Products exactly, their sum and D in double, rounded once: a GPU's own sums are not promised to the bit. */
void multiply(StandInWorker* worker, int first) {
  float a[16][16], b[16][8];
  double d[16][8];
  for (int lane = 0; lane < WARP; lane++) {
    const MmaOperands& o = *(MmaOperands*)worker->thread[first + lane].operands;
    int g = lane / 4, t = lane % 4 * 2;
    convert(&a[g][t], o.a[0]);
    convert(&a[g + 8][t], o.a[1]);
    convert(&a[g][t + 8], o.a[2]);
    convert(&a[g + 8][t + 8], o.a[3]);
    for (int half = 0; half < 2; half++) {
      float pair[2];
      convert(pair, o.b[half]);
      b[t + 8 * half][g] = pair[0];
      b[t + 8 * half + 1][g] = pair[1];
      d[g + 8 * half][t] = o.d[2 * half];
      d[g + 8 * half][t + 1] = o.d[2 * half + 1];
    }
  }
  for (int row = 0; row < 16; row++) {
    double sums[8] = {};
    for (int k = 0; k < 16; k++) {
      for (int column = 0; column < 8; column++) sums[column] += (double)a[row][k] * b[k][column];
    }
    for (int column = 0; column < 8; column++) d[row][column] += sums[column];
  }
  for (int lane = 0; lane < WARP; lane++) {
    const MmaOperands& o = *(MmaOperands*)worker->thread[first + lane].operands;
    int g = lane / 4, t = lane % 4 * 2;
    for (int half = 0; half < 2; half++) {
      o.d[2 * half] = (float)d[g + 8 * half][t];
      o.d[2 * half + 1] = (float)d[g + 8 * half][t + 1];
    }
  }
}

struct MatrixOperands {
  unsigned* r;
  const void* shared;
  int matrices;
  bool transposed;
};

void loadMatrices(StandInWorker* worker, int first) {
  unsigned short rows[32][8] = {};
  int matrices = ((MatrixOperands*)worker->thread[first].operands)->matrices;
  for (int lane = 0; lane < 8 * matrices; lane++) {
    memcpy(rows[lane], ((MatrixOperands*)worker->thread[first + lane].operands)->shared, 16);
  }
  for (int lane = 0; lane < WARP; lane++) {
    const MatrixOperands& o = *(MatrixOperands*)worker->thread[first + lane].operands;
    int g = lane / 4, t = lane % 4 * 2;
    for (int m = 0; m < matrices; m++) {
      unsigned low = o.transposed ? rows[8 * m + t][g] : rows[8 * m + g][t];
      unsigned high = o.transposed ? rows[8 * m + t + 1][g] : rows[8 * m + g][t + 1];
      o.r[m] = low | high << 16;
    }
  }
}

/** Takes part in a warp's operation; the lane that comes last does it for all. */
void inWarp(StandInWorker* worker, Operation operation, unsigned mask, uint64_t value, int source, void* operands, StandInSite site) {
  int number = worker->current, first = number / WARP * WARP, self = number % WARP;
  int lanes = std::min(WARP, worker->threads - first);
  Warp& warp = worker->warp[number / WARP];
  Thread& thread = worker->thread[number];
  if ((mask >> self & 1) == 0) {
    stop(worker, {site}, LAUNCH_FAILED, std::string(name(operation)) + " with a mask that leaves out the lane itself");
  }
  unsigned exist = lanes == WARP ? 0xffffffffu : (1u << lanes) - 1;
  bool whole = operation == Operation::Mma || operation == Operation::LoadMatrix;
  if (whole && exist != 0xffffffffu) {
    stop(worker, {site}, LAUNCH_FAILED, std::string(name(operation)) + " by a warp of " + std::to_string(lanes) + " threads; it takes 32");
  }
  mask &= exist;
  thread.operation = operation;
  thread.mask = mask;
  thread.value = value;
  thread.source = source;
  thread.operands = operands;
  thread.site = site;
  thread.status = Status::InWarp;
  if ((mask & warp.ended) != 0) {
    int lane = __builtin_ctz(mask & warp.ended);
    stop(worker, {site}, LAUNCH_FAILED, std::string("divergent warp: ") + name(operation) + " names lane " + std::to_string(lane) + ", which has ended");
  }
  warp.waiting |= 1u << self;
  if ((warp.waiting & mask) != mask) {
    wait(worker);
    return;
  }
  for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
    Thread& other = worker->thread[first + __builtin_ctz(rest)];
    if (other.mask != mask || other.operation != operation) {
      wait(worker);
      return;
    }
  }
  warp.waiting &= ~mask;
  for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
    int lane = __builtin_ctz(rest);
    if (!sameSite(worker->thread[first + lane].site, site)) {
      report(worker, {site}, std::string("divergent warp: ") + name(operation) + " here meets the one of lane " + std::to_string(lane) + " at " + where(worker->thread[first + lane].site));
      break;
    }
  }
  if (operation == Operation::Shuffle) {
    uint64_t values[WARP];
    for (int lane = 0; lane < lanes; lane++) values[lane] = worker->thread[first + lane].value;
    for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
      Thread& other = worker->thread[first + __builtin_ctz(rest)];
      if ((mask >> other.source & 1) == 0) {
        report(worker, {other.site}, "a shuffle reads lane " + std::to_string(other.source) + ", which takes no part in it");
        other.value = ~0ull;
      } else {
        other.value = values[other.source];
      }
    }
  } else if (operation == Operation::Ballot) {
    unsigned votes = 0;
    for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
      int lane = __builtin_ctz(rest);
      votes |= worker->thread[first + lane].value != 0 ? 1u << lane : 0;
    }
    for (unsigned rest = mask; rest != 0; rest &= rest - 1) worker->thread[first + __builtin_ctz(rest)].value = votes;
  } else if (operation == Operation::Barrier) {
    warp.epoch++;
  } else if (operation == Operation::Mma) {
    multiply(worker, first);
  } else {
    loadMatrices(worker, first);
  }
  // The others go on in the order of the launch, this one now.
  for (int i = 0; i < lanes; i++) {
    int lane = worker->laneOrder[number / WARP][i];
    if (lane != self && (mask >> lane & 1) != 0) pushReady(worker, first + lane);
  }
  thread.status = Status::Running;
}

void shuffleOrder(std::vector<int>& order, uint64_t seed) {
  for (size_t i = order.size(); i > 1; i--) std::swap(order[i - 1], order[mix(seed + i) % i]);
}

void orderLanes(StandInWorker* worker) {
  int count[WARP] = {};
  for (int thread : worker->order) worker->laneOrder[thread / WARP][count[thread / WARP]++] = (unsigned char)(thread % WARP);
}

void runBlock(StandInWorker* worker, unsigned long long block) {
  Launch& launch = *worker->launch;
  StandInThread& state = *worker->state;
  worker->block = block;
  state.block.x = (unsigned)(block % launch.grid.x);
  state.block.y = (unsigned)(block / launch.grid.x % launch.grid.y);
  state.block.z = (unsigned)(block / launch.grid.x / launch.grid.y);
  worker->live = worker->threads;
  worker->atBarrier = 0;
  worker->predicate = 0;
  worker->readyFirst = worker->readyCount = 0;
  for (int warp = 0; warp < WARP; warp++) worker->warp[warp] = {0, 0, 0};
  if (settings().order == 2) {
    shuffleOrder(worker->order, settings().seed + launch.number * 1000003 + block);
    orderLanes(worker);
  }
  for (int thread : worker->order) {
    worker->thread[thread].fiber = nullptr;
    worker->thread[thread].copies.clear();
    worker->thread[thread].groups.clear();
    worker->thread[thread].uncommitted = 0;
    pushReady(worker, thread);
  }
  if (worker->module->checked) beginBlock(worker);
  leave(worker, &worker->mainStackPointer);
  while (worker->live > 0 && launch.failure == NONE) {
    if (worker->readyCount == 0) {
      reportDeadlock(worker);
      break;
    }
    leave(worker, &worker->mainStackPointer);
  }
  if (worker->live > 0) worker->freeFibers = worker->fibers;  // stopped: their stacks are worth nothing
}

/** Never comes back to the fiber that calls. */
[[noreturn]] void abandon(StandInWorker* worker) {
  void* never;
  standInSwitch(&never, worker->mainStackPointer);
  __builtin_unreachable();
}

unsigned long long blocksOf(const Launch& launch) {
  return (unsigned long long)launch.grid.x * launch.grid.y * launch.grid.z;
}

void runBlocks(StandInWorker* worker, Launch& launch) {
  worker->launch = &launch;
  worker->module = launch.kernel->module->copy(worker->number);
  {
    std::lock_guard<std::mutex> lock(launch.kernel->module->mutex);
    Entry& entry = launch.kernel->entries[worker->number];
    if (entry == nullptr) entry = (Entry)dlsym(worker->module->handle, ("standInCall_" + launch.kernel->name).c_str());
    worker->entry = entry;
  }
  worker->state = worker->module->thread;
  worker->state->threads = {launch.threads.x, launch.threads.y, launch.threads.z};
  worker->state->grid = {launch.grid.x, launch.grid.y, launch.grid.z};
  worker->state->worker = worker;
  worker->state->dynamicShared = worker->dynamicShared;
  worker->threads = (int)(launch.threads.x * launch.threads.y * launch.threads.z);
  worker->order.resize(worker->threads);
  for (int i = 0; i < worker->threads; i++) worker->order[i] = settings().order == 1 ? worker->threads - 1 - i : i;
  orderLanes(worker);
  worker->indices.resize(worker->threads);
  for (unsigned i = 0; i < (unsigned)worker->threads; i++) {
    unsigned x = launch.threads.x, y = launch.threads.y;
    worker->indices[i] = {i % x, i / x % y, i / x / y};
  }
  memset(worker->recent, 0, sizeof worker->recent);
  runningWorker = worker;
  unsigned long long blocks = blocksOf(launch);
  // Another order of blocks: backwards, or by a stride that has no divisor in common with their number.
  unsigned long long stride = 1;
  if (settings().order == 2 && blocks > 2) {
    stride = mix(settings().seed + launch.number) % blocks | 1;
    while (std::__gcd(stride, blocks) != 1) stride += 2;
  }
  for (;;) {
    unsigned long long next = launch.next++;
    if (next >= blocks || launch.failure != NONE) break;
    unsigned long long block = settings().order == 1 ? blocks - 1 - next : (unsigned long long)((unsigned __int128)next * stride % blocks);
    runBlock(worker, block);
  }
  runningWorker = nullptr;
}

StandInWorker* newWorker(int number) {
  StandInWorker* worker = new StandInWorker;
  worker->number = number;
  worker->ready.resize(MAX_THREADS);
  worker->epoch = worker->blockEpoch = 1;
  worker->recentNext = 0;
  size_t room = (MAX_SHARED + 4095) / 4096 * 4096;
  char* memory = (char*)mmap(nullptr, room + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(memory + 4096, room, PROT_READ | PROT_WRITE);
  worker->dynamicShared = (unsigned char*)memory + 4096;
  return worker;
}

/** The other workers' threads: woken for a launch, waited for at its end. */
struct Crew {
  std::mutex mutex;
  std::condition_variable wake, done;
  Launch* launch = nullptr;
  unsigned long long round = 0;
  int wanted = 0, busy = 0, started = 0;

  void work(int number) {
    StandInWorker* worker = newWorker(number);
    unsigned long long seen = 0;
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      wake.wait(lock, [&] { return round != seen; });
      seen = round;
      if (number > wanted) continue;
      lock.unlock();
      runBlocks(worker, *launch);
      lock.lock();
      if (--busy == 0) done.notify_all();
    }
  }

  void begin(Launch& next, int others) {
    std::lock_guard<std::mutex> lock(mutex);
    for (; started < others; started++) std::thread(&Crew::work, this, started + 1).detach();
    launch = &next;
    wanted = busy = others;
    round++;
    wake.notify_all();
  }

  void end() {
    std::unique_lock<std::mutex> lock(mutex);
    done.wait(lock, [&] { return busy == 0; });
  }
};

struct Device {
  std::mutex mutex;  // one launch at a time
  StandInWorker* first = newWorker(0);
  Crew crew;
  unsigned long long launches = 0;
};

Device& device() {
  static Device* one = new Device;
  return *one;
}

}  // namespace

Settings& settings() {
  static Settings* one = new Settings{
      (int)environment("WHETSTONE_STAND_IN_WORKERS", std::min(2L, sysconf(_SC_NPROCESSORS_ONLN))),
      (int)environment("WHETSTONE_STAND_IN_ORDER", 0),
      (unsigned long long)environment("WHETSTONE_STAND_IN_SEED", 1),
      environment("WHETSTONE_STAND_IN_CHECKS", 0) != 0,
      environment("WHETSTONE_STAND_IN_LATE", 1) != 0,
      (size_t)environment("WHETSTONE_STAND_IN_MEMORY", 8L << 30),
      (int)environment("WHETSTONE_STAND_IN_ROW_DEPENDENT", 0),
      (int)environment("WHETSTONE_STAND_IN_OUT_DEPENDENT", 0),
      (int)environment("WHETSTONE_STAND_IN_BROKEN_CAPTURES", 0)};
  return *one;
}

void stop(StandInWorker* worker, Where where, Failure failure, const std::string& what) {
  fail(worker, where, failure, what);
  abandon(worker);
}

int run(Launch& launch) {
  Device& gpu = device();
  std::lock_guard<std::mutex> lock(gpu.mutex);
  launch.number = ++gpu.launches;
  unsigned long long work = blocksOf(launch) * launch.threads.x * launch.threads.y * launch.threads.z;
  int others = blocksOf(launch) > 1 && work >= 4096 ? settings().workers - 1 : 0;
  if (others > 0) gpu.crew.begin(launch, others);
  runBlocks(gpu.first, launch);
  if (others > 0) gpu.crew.end();
  return launch.failure;
}

}  // namespace standin

using namespace standin;

extern "C" {

unsigned standInBarrierOf(StandInWorker* worker, unsigned predicate, StandInSite site) {
  Thread& thread = runningThread(worker);
  thread.status = Status::AtBarrier;
  thread.site = site;
  worker->predicate += predicate;
  if (++worker->atBarrier == worker->live) finishBarrier(worker);
  wait(worker);
  return worker->lastPredicate;
}

unsigned long long standInShuffleOf(StandInWorker* worker, unsigned mask, unsigned long long value, int source, StandInSite site) {
  Thread& thread = runningThread(worker);
  inWarp(worker, Operation::Shuffle, mask, value, source & 31, nullptr, site);
  return thread.value;
}

unsigned standInBallotOf(StandInWorker* worker, unsigned mask, unsigned predicate, StandInSite site) {
  Thread& thread = runningThread(worker);
  inWarp(worker, Operation::Ballot, mask, predicate, 0, nullptr, site);
  return (unsigned)thread.value;
}

void standInWarpBarrierOf(StandInWorker* worker, unsigned mask, StandInSite site) {
  inWarp(worker, Operation::Barrier, mask, 0, 0, nullptr, site);
}

void standInMmaOf(StandInWorker* worker, float* d, const unsigned* a, const unsigned* b, StandInSite site) {
  MmaOperands operands{d, a, b};
  inWarp(worker, Operation::Mma, 0xffffffffu, 0, 0, &operands, site);
}

void standInLoadMatrixOf(StandInWorker* worker, unsigned* r, const void* shared, int matrices, bool transposed, StandInSite site) {
  if (worker->current % WARP < 8 * matrices) {
    if ((uintptr_t)shared % 16 != 0) {
      stop(worker, {site}, MISALIGNED_ADDRESS, "ldmatrix: the row's address is not a multiple of 16");
    }
    checkShared(worker, shared, 16, Access::Read, {site});
  }
  MatrixOperands operands{r, shared, matrices, transposed};
  inWarp(worker, Operation::LoadMatrix, 0xffffffffu, 0, 0, &operands, site);
}

// A copy is carried out when it is waited for, the latest that a GPU may: who reads too early reads what was there.
void standInCopyAsyncOf(StandInWorker* worker, void* shared, const void* global, StandInSite site) {
  if ((uintptr_t)shared % 16 != 0 || (uintptr_t)global % 16 != 0) {
    stop(worker, {site}, MISALIGNED_ADDRESS, std::string("copyAsync16: the ") + ((uintptr_t)shared % 16 != 0 ? "shared" : "global") + " address is not a multiple of 16");
  }
  checkShared(worker, shared, 16, Access::CopyBegin, {site});
  check(worker, global, 16, Access::Read, {site});
  Thread& thread = runningThread(worker);
  thread.copies.push_back({shared, global, site});
  thread.uncommitted++;
}

void standInCopyCommitOf(StandInWorker* worker) {
  Thread& thread = runningThread(worker);
  thread.groups.push_back(thread.uncommitted);
  thread.uncommitted = 0;
}

void standInCopyWaitOf(StandInWorker* worker, int pending, StandInSite) {
  Thread& thread = runningThread(worker);
  size_t done = 0, groups = 0;
  for (; (int)(thread.groups.size() - groups) > pending; groups++) {
    for (int copy = 0; copy < thread.groups[groups]; copy++, done++) {
      const Copy& one = thread.copies[done];
      checkShared(worker, one.shared, 16, Access::CopyEnd, {one.site});
      memcpy(one.shared, one.global, 16);
    }
  }
  thread.copies.erase(thread.copies.begin(), thread.copies.begin() + done);
  thread.groups.erase(thread.groups.begin(), thread.groups.begin() + groups);
}

void standInFenceOf(StandInWorker* worker) { worker->launch->fenced = true; }

void standInTrapOf(StandInWorker* worker, StandInSite site) { stop(worker, {site}, LAUNCH_FAILED, "the kernel gave up (__trap)"); }

unsigned long long standInAtomicOf(StandInWorker* worker, int operation, int bytes, void* address, unsigned long long value, unsigned long long compare, StandInSite site) {
  if ((uintptr_t)address % bytes != 0) stop(worker, {site}, MISALIGNED_ADDRESS, "an atomic's address is not a multiple of " + std::to_string(bytes));
  check(worker, address, bytes, Access::Atomic, {site});
  auto next = [&](unsigned long long old) -> unsigned long long {
    switch (operation) {
      case STAND_IN_ADD: return old + value;
      case STAND_IN_MAX: return std::max(old, value);
      case STAND_IN_MIN: return std::min(old, value);
      case STAND_IN_MAX_SIGNED: return (int)old > (int)value ? old : value;
      case STAND_IN_MIN_SIGNED: return (int)old < (int)value ? old : value;
      case STAND_IN_EXCHANGE: return value;
      case STAND_IN_COMPARE: return old == compare ? value : old;
      case STAND_IN_AND: return old & value;
      default: return old | value;
    }
  };
  if (bytes == 4) {
    value = (unsigned)value;
    compare = (unsigned)compare;
    unsigned* target = (unsigned*)address;
    unsigned old = __atomic_load_n(target, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(target, &old, (unsigned)next(old), false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {}
    return old;
  }
  unsigned long long* target = (unsigned long long*)address;
  unsigned long long old = __atomic_load_n(target, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(target, &old, next(old), false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {}
  return old;
}

}  // extern "C"
