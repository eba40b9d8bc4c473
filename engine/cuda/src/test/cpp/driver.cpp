// libcuda.so.1 of the stand-in: the driver's functions (cuda.h), for one GPU that is this computer.
#include <dlfcn.h>
#include <elf.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "blocks.h"
#include "memory.h"
#include "streams.h"

namespace standin {
void forgetStream(Stream* stream);
}

using namespace standin;

namespace {

using Code = int;
using Device = int;
using Address = unsigned long long;

constexpr Code INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, INVALID_DEVICE = 101, INVALID_IMAGE = 200, INVALID_CONTEXT = 201, INVALID_HANDLE = 400, NOT_FOUND = 500, NOT_READY = 600, LAUNCH_OUT_OF_RESOURCES = 701, CAPTURE_UNSUPPORTED = 900, CAPTURE_INVALIDATED = 901;
constexpr int MULTIPROCESSORS = 8;

struct LoadedModule {
  Module module;
  std::map<std::string, Kernel*> kernels;
  Loaded* first;
};

struct Pool {
  unsigned long long threshold = 0;
} pool;

/** Graphs that were made ready to run. */
std::set<Graph*>& executables() {
  static auto* all = new std::set<Graph*>;
  return *all;
}

int context;  // its address is the context
__thread void* current = nullptr;
bool initialized = false;

#define LOCK std::lock_guard<std::recursive_mutex> lock(driverMutex())
#define CONTEXT \
  LOCK;         \
  if (!initialized) return NOT_INITIALIZED; \
  if (current == nullptr) return INVALID_CONTEXT

double now() { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

bool pinned(const void* address) {
  Allocation found;
  return find(address, &found) && found.host;
}

/**
 * Whether a range lies in one allocation of the device's, or of the host's page-locked memory, which the device sees; notes
 * it down where not.
 */
bool inDevice(Address address, size_t bytes, const char* what) {
  if (bytes == 0) return true;
  Allocation found;
  if (find((void*)address, &found) && address + bytes <= found.begin + found.bytes) return true;
  char text[200];
  snprintf(text, sizeof text, "%s: %zu bytes at 0x%llx are not in one allocation of the device's\n", what, bytes, address);
  addReport(text);
  return false;
}

Code copy(void* to, const void* from, size_t bytes, bool toDevice, bool fromDevice) {
  if (toDevice && !inDevice((Address)to, bytes, "copy to device")) return INVALID_VALUE;
  if (fromDevice && !inDevice((Address)from, bytes, "copy from device")) return INVALID_VALUE;
  memcpy(to, from, bytes);
  return 0;
}

template <typename T>
Code fill(Address to, T value, size_t count, void* stream) {
  if (!inDevice(to, count * sizeof(T), "memset")) return INVALID_VALUE;
  return put(streamOf(stream), [=] {
    if (!inDevice(to, count * sizeof(T), "memset")) return INVALID_VALUE;
    for (size_t i = 0; i < count; i++) ((T*)to)[i] = value;
    return 0;
  });
}

/** What would wait, or touches the host, is forbidden while a stream is captured. */
Code forbidden() {
  return breakCaptures() ? CAPTURE_UNSUPPORTED : 0;
}

/** Whether a stream is captured, which what is asked for then breaks. */
bool captured(void* stream) { return streamOf(stream)->capture != nullptr && breakCaptures(); }

Code allocateNow(Address* address, size_t bytes, void* from) {
  if (bytes == 0) return INVALID_VALUE;
  void* memory = allocate(bytes, from);
  if (memory == nullptr && !capturing()) {
    finishAll();  // what was freed in the order of a stream is free now
    memory = allocate(bytes, from);
  }
  if (memory == nullptr) return OUT_OF_MEMORY;
  *address = (Address)memory;
  return 0;
}

Code loadKernel(LoadedModule* module, const std::string& name, Kernel** found) {
  Kernel*& kernel = module->kernels[name];
  if (kernel == nullptr) {
    auto sizes = (int (*)(int*))dlsym(module->first->handle, ("standInSizes_" + name).c_str());
    if (sizes == nullptr) {
      module->kernels.erase(name);
      return NOT_FOUND;
    }
    kernel = new Kernel;
    kernel->module = &module->module;
    kernel->name = name;
    int bytes[256];
    kernel->parameters.assign(bytes, bytes + sizes(bytes));
    auto bounds = (int (*)())dlsym(module->first->handle, ("standInBounds_" + name).c_str());
    if (bounds != nullptr) kernel->maxThreads = bounds();
    auto shared = (int (*)())dlsym(module->first->handle, ("standInShared_" + name).c_str());
    kernel->staticShared = shared != nullptr ? shared() : 0;
    kernel->maxDynamicShared = MAX_STATIC_SHARED - kernel->staticShared;
  }
  *found = kernel;
  return 0;
}

Code refuse(const Kernel* kernel, Code code, const std::string& why) {
  addReport(kernel->name + ": launch refused: " + why + "\n");
  return code;
}

}  // namespace

#define API extern "C" __attribute__((visibility("default")))

// ---- the stand-in's own

/** Sets one of Settings by its name; false for an unknown one. */
API int standInSet(const char* name, long long value) {
  LOCK;
  std::string key = name;
  Settings& all = settings();
  if (key == "workers") all.workers = (int)value;
  else if (key == "order") all.order = (int)value;
  else if (key == "seed") all.seed = (unsigned long long)value;
  else if (key == "late") all.late = value != 0;
  else if (key == "memory") all.memory = (size_t)value;
  else if (key == "rowDependent") all.rowDependent = (int)value;
  else if (key == "outDependent") all.outDependent = (int)value;
  else if (key == "brokenCaptures") all.brokenCaptures = (int)value;
  else return 0;
  return 1;
}
/** The reports since the last call; valid until the next one. */
API const char* standInReports() {
  static std::string taken;
  LOCK;
  taken = takeReports();
  return taken.c_str();
}
API long long standInUsedBytes() { return (long long)usedBytes(); }
API long long standInAllocations() { return allocations(); }
API int standInRowDependent() { return settings().rowDependent; }
API int standInOutDependent() { return settings().outDependent; }

// ---- start, devices

API Code cuInit(unsigned) {
  LOCK;
  initialized = true;
  return 0;
}
API Code cuDriverGetVersion(int* version) {
  *version = 13000;
  return 0;
}
API Code cuDeviceGetCount(int* count) {
  *count = 1;
  return 0;
}
API Code cuDeviceGet(Device* device, int ordinal) {
  *device = 0;
  return ordinal == 0 ? 0 : INVALID_DEVICE;
}
API Code cuDeviceGetName(char* name, int length, Device) {
  snprintf(name, length, "stand-in GPU");
  return 0;
}
API Code cuDeviceTotalMem_v2(size_t* bytes, Device) {
  *bytes = settings().memory;
  return 0;
}
API Code cuDeviceGetUuid_v2(char* uuid, Device) {
  memcpy(uuid, "whetstone-stand", 16);
  return 0;
}
API Code cuDeviceGetPCIBusId(char* id, int length, Device) {
  snprintf(id, length, "0000:00:00.0");
  return 0;
}
API Code cuDeviceGetAttribute(int* value, int attribute, Device) {
  switch (attribute) {
    case 1: *value = 1024; break;                    // threads of a block
    case 2: case 3: *value = 1024; break;
    case 4: *value = 64; break;
    case 5: *value = 2147483647; break;              // blocks of a grid
    case 6: case 7: *value = 65535; break;
    case 8: *value = (int)MAX_STATIC_SHARED; break;
    case 10: *value = 32; break;
    case 12: case 82: *value = 65536; break;         // registers
    case 13: *value = 1980000; break;                // kHz
    case 16: *value = MULTIPROCESSORS; break;
    case 36: *value = 2619000; break;
    case 37: *value = 5120; break;
    case 38: *value = 50 << 20; break;
    case 39: *value = 2048; break;                   // threads of a multiprocessor
    case 41: *value = 1; break;                      // unified addresses
    case 75: *value = 9; break;
    case 76: *value = 0; break;
    case 81: *value = 228 << 10; break;
    case 97: *value = (int)MAX_SHARED; break;
    case 106: *value = 32; break;
    case 115: *value = 1; break;                     // memory pools
    default: *value = 0;
  }
  return 0;
}
API Code cuDeviceGetDefaultMemPool(void** result, Device) {
  *result = &pool;
  return 0;
}
API Code cuDeviceGetMemPool(void** result, Device) {
  *result = &pool;
  return 0;
}
API Code cuDevicePrimaryCtxRetain(void** result, Device) {
  *result = &context;
  return initialized ? 0 : NOT_INITIALIZED;
}
API Code cuDevicePrimaryCtxRelease_v2(Device) {
  LOCK;
  Code error = finishAll();
  trimPool(0);
  return error;
}
API Code cuDevicePrimaryCtxSetFlags_v2(Device, unsigned) { return 0; }
API Code cuCtxSetCurrent(void* next) {
  current = next;
  return next == nullptr || next == &context ? 0 : INVALID_CONTEXT;
}
API Code cuCtxGetCurrent(void** result) {
  *result = current;
  return 0;
}
API Code cuCtxPushCurrent_v2(void* next) { return cuCtxSetCurrent(next); }
API Code cuCtxPopCurrent_v2(void** result) {
  if (result != nullptr) *result = current;
  current = nullptr;
  return 0;
}
API Code cuCtxGetDevice(Device* device) {
  *device = 0;
  return 0;
}
API Code cuCtxSynchronize() {
  CONTEXT;
  if (Code code = forbidden()) return code;
  return finishAll();
}

// ---- modules and kernels

API Code cuModuleLoadData(void** result, const void* image) {
  CONTEXT;
  const Elf64_Ehdr* header = (const Elf64_Ehdr*)image;
  if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return INVALID_IMAGE;
  auto* module = new LoadedModule;
  module->module.image.assign((const char*)image, header->e_shoff + (size_t)header->e_shentsize * header->e_shnum);
  try {
    module->first = module->module.copy(0);
  } catch (const std::string& message) {
    addReport("a module cannot be loaded: " + message + "\n");
    delete module;
    return INVALID_IMAGE;
  }
  *result = module;
  return 0;
}
API Code cuModuleLoadDataEx(void** module, const void* image, unsigned, int*, void**) { return cuModuleLoadData(module, image); }
API Code cuModuleUnload(void* handle) {
  CONTEXT;
  finishAll();
  auto* module = (LoadedModule*)handle;
  for (const Graph* executable : executables()) {
    if (executable->modules.count(&module->module) > 0) addReport("cuModuleUnload: a graph that can still be launched has kernels of the module\n");
  }
  for (auto& entry : module->kernels) delete entry.second;
  delete module;
  return 0;
}
API Code cuModuleGetFunction(void** function, void* module, const char* name) {
  CONTEXT;
  return loadKernel((LoadedModule*)module, name, (Kernel**)function);
}
API Code cuFuncGetAttribute(int* value, int attribute, void* function) {
  CONTEXT;
  const Kernel* kernel = (Kernel*)function;
  switch (attribute) {
    case 0: *value = kernel->maxThreads; break;
    case 1: *value = (int)kernel->staticShared; break;
    case 4: *value = 32; break;  // registers
    case 5: case 6: *value = 90; break;
    case 8: *value = (int)kernel->maxDynamicShared; break;
    default: *value = 0;
  }
  return 0;
}
API Code cuFuncSetAttribute(void* function, int attribute, int value) {
  CONTEXT;
  Kernel* kernel = (Kernel*)function;
  if (attribute != 8) return attribute == 9 ? 0 : INVALID_VALUE;
  if (value < 0 || (size_t)value + kernel->staticShared > MAX_SHARED) return INVALID_VALUE;
  kernel->maxDynamicShared = value;
  return 0;
}
API Code cuFuncSetCacheConfig(void*, int) { return 0; }
API Code cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* function, int threads, size_t shared) {
  size_t bytes = shared + ((Kernel*)function)->staticShared + 1024;
  *blocks = (int)std::min((size_t)(2048 / threads), (size_t)(228 << 10) / bytes);
  return 0;
}
API Code cuLaunchKernel(void* function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned x, unsigned y, unsigned z, unsigned shared, void* stream, void** values, void** extra) {
  CONTEXT;
  Kernel* kernel = (Kernel*)function;
  if (kernel == nullptr) return INVALID_HANDLE;
  unsigned long long threads = (unsigned long long)x * y * z;
  auto text = [](unsigned long long number) { return std::to_string(number); };
  if (gridX == 0 || gridY == 0 || gridZ == 0 || gridX > 2147483647u || gridY > 65535 || gridZ > 65535) {
    return refuse(kernel, INVALID_VALUE, "a grid of " + text(gridX) + " x " + text(gridY) + " x " + text(gridZ) + " blocks");
  }
  if (threads == 0 || threads > 1024 || z > 64) return refuse(kernel, INVALID_VALUE, "blocks of " + text(threads) + " threads; there are 1 to 1024");
  if ((int)threads > kernel->maxThreads) return refuse(kernel, LAUNCH_OUT_OF_RESOURCES, "blocks of " + text(threads) + " threads; __launch_bounds__ promised " + text(kernel->maxThreads) + " at most");
  if (shared > kernel->maxDynamicShared) return refuse(kernel, INVALID_VALUE, text(shared) + " bytes of dynamic shared memory; " + text(kernel->maxDynamicShared) + " are allowed (cuFuncSetAttribute)");
  if (extra != nullptr) return refuse(kernel, INVALID_VALUE, "arguments as a buffer are not supported here");
  // The arguments are copied now, as a driver does.
  auto bytes = std::make_shared<std::vector<std::vector<char>>>();
  for (size_t i = 0; i < kernel->parameters.size(); i++) {
    if (values == nullptr || values[i] == nullptr) return refuse(kernel, INVALID_VALUE, "argument " + text(i) + " is missing");
    bytes->emplace_back((char*)values[i], (char*)values[i] + kernel->parameters[i]);
  }
  if (Graph* graph = streamOf(stream)->capture) graph->modules.insert(kernel->module);
  return put(streamOf(stream), [=] {
    Launch launch;
    launch.kernel = kernel;
    launch.grid = dim3(gridX, gridY, gridZ);
    launch.threads = dim3(x, y, z);
    launch.shared = shared;
    for (auto& value : *bytes) launch.values.push_back(value.data());
    return run(launch);
  });
}

// ---- memory

API Code cuMemGetInfo_v2(size_t* free, size_t* total) {
  CONTEXT;
  *total = settings().memory;
  *free = takenBytes() < *total ? *total - takenBytes() : 0;
  return 0;
}
API Code cuMemAlloc_v2(Address* address, size_t bytes) {
  CONTEXT;
  if (Code code = forbidden()) return code;
  return allocateNow(address, bytes, nullptr);
}
API Code cuMemFree_v2(Address address) {
  CONTEXT;
  if (address == 0) return 0;
  if (Code code = forbidden()) return code;
  Code error = finishAll();
  return release((void*)address) ? error : INVALID_VALUE;
}
API Code cuMemAllocAsync(Address* address, size_t bytes, void* stream) {
  CONTEXT;
  if (captured(stream)) return CAPTURE_UNSUPPORTED;  // a graph's own memory is not played here
  return allocateNow(address, bytes, &pool);
}
API Code cuMemAllocFromPoolAsync(Address* address, size_t bytes, void* from, void* stream) {
  CONTEXT;
  if (captured(stream)) return CAPTURE_UNSUPPORTED;
  return allocateNow(address, bytes, from);
}
API Code cuMemFreeAsync(Address address, void* stream) {
  CONTEXT;
  if (address == 0) return 0;
  if (captured(stream)) return CAPTURE_UNSUPPORTED;
  Allocation found;
  if (!find((void*)address, &found) || found.begin != address || found.host) {
    addReport("cuMemFreeAsync of what is no allocation, or is freed already\n");
    return INVALID_VALUE;
  }
  return put(streamOf(stream), [=] { return release((void*)address) ? 0 : INVALID_VALUE; });
}
API Code cuMemPoolCreate(void** result, const void*) {
  *result = new Pool;
  return 0;
}
API Code cuMemPoolDestroy(void* handle) {
  delete (Pool*)handle;
  return 0;
}
API Code cuMemPoolSetAttribute(void* handle, int attribute, void* value) {
  if (attribute == 4) ((Pool*)handle)->threshold = *(unsigned long long*)value;
  return 0;
}
API Code cuMemPoolGetAttribute(void* handle, int attribute, void* value) {
  unsigned long long bytes = 0;
  if (attribute == 4) bytes = ((Pool*)handle)->threshold;
  if (attribute == 5) bytes = pooledBytes() + takenBytes() - usedBytes();
  if (attribute == 7) bytes = pooledBytes();
  if (attribute == 6 || attribute == 8) bytes = peakBytes();
  *(unsigned long long*)value = bytes;
  return 0;
}
API Code cuMemPoolTrimTo(void*, size_t kept) {
  trimPool(kept);
  return 0;
}
API Code cuMemHostAlloc(void** address, size_t bytes, unsigned) {
  CONTEXT;
  if (Code code = forbidden()) return code;
  *address = allocateHost(bytes);
  return *address == nullptr ? OUT_OF_MEMORY : 0;
}
API Code cuMemAllocHost_v2(void** address, size_t bytes) { return cuMemHostAlloc(address, bytes, 0); }
API Code cuMemFreeHost(void* address) {
  CONTEXT;
  if (Code code = forbidden()) return code;
  Code error = finishAll();
  return releaseHost(address, true) ? error : INVALID_VALUE;
}
API Code cuMemHostRegister_v2(void* address, size_t bytes, unsigned) {
  CONTEXT;
  return registerHost(address, bytes) ? 0 : 712;
}
API Code cuMemHostUnregister(void* address) {
  CONTEXT;
  Code error = finishAll();
  return releaseHost(address, false) ? error : 713;
}
API Code cuMemHostGetDevicePointer_v2(Address* address, void* host, unsigned) {
  *address = (Address)host;
  return 0;
}
API Code cuMemGetAddressRange_v2(Address* base, size_t* bytes, Address address) {
  CONTEXT;
  Allocation found;
  if (!find((void*)address, &found)) return NOT_FOUND;
  if (base != nullptr) *base = found.begin;
  if (bytes != nullptr) *bytes = found.bytes;
  return 0;
}

// From the host, memory that is not page-locked is read before the call returns; page-locked memory when its turn comes.
API Code cuMemcpyHtoDAsync_v2(Address to, const void* from, size_t bytes, void* stream) {
  CONTEXT;
  Stream* queue = streamOf(stream);
  if (!inDevice(to, bytes, "copy to device")) return INVALID_VALUE;
  if (pinned(from)) return put(queue, [=] { return copy((void*)to, from, bytes, true, false); });
  if (captured(stream)) return CAPTURE_UNSUPPORTED;
  auto kept = std::make_shared<std::vector<char>>((const char*)from, (const char*)from + bytes);
  return put(queue, [=] { return copy((void*)to, kept->data(), bytes, true, false); });
}
API Code cuMemcpyDtoHAsync_v2(void* to, Address from, size_t bytes, void* stream) {
  CONTEXT;
  Stream* queue = streamOf(stream);
  if (!inDevice(from, bytes, "copy from device")) return INVALID_VALUE;
  if (!pinned(to) && captured(stream)) return CAPTURE_UNSUPPORTED;
  Code code = put(queue, [=] { return copy(to, (const void*)from, bytes, false, true); });
  if (!pinned(to)) {
    Code error = finish(queue);
    return code != 0 ? code : error;
  }
  return code;
}
API Code cuMemcpyDtoDAsync_v2(Address to, Address from, size_t bytes, void* stream) {
  CONTEXT;
  if (!inDevice(to, bytes, "copy on device") || !inDevice(from, bytes, "copy on device")) return INVALID_VALUE;
  if (bytes > 0 && to < from + bytes && from < to + bytes) {
    addReport("a copy on the device whose ranges overlap\n");
    return INVALID_VALUE;
  }
  return put(streamOf(stream), [=] { return copy((void*)to, (const void*)from, bytes, true, true); });
}
API Code cuMemcpyHtoD_v2(Address to, const void* from, size_t bytes) {
  CONTEXT;
  if (Code code = forbidden()) return code;
  Code error = finishAll();
  return error != 0 ? error : copy((void*)to, from, bytes, true, false);
}
API Code cuMemcpyDtoH_v2(void* to, Address from, size_t bytes) {
  CONTEXT;
  if (Code code = forbidden()) return code;
  Code error = finishAll();
  return error != 0 ? error : copy(to, (const void*)from, bytes, false, true);
}
API Code cuMemcpyDtoD_v2(Address to, Address from, size_t bytes) { return cuMemcpyDtoDAsync_v2(to, from, bytes, nullptr); }
API Code cuMemsetD8Async(Address to, unsigned char value, size_t count, void* stream) {
  CONTEXT;
  return fill(to, value, count, stream);
}
API Code cuMemsetD16Async(Address to, unsigned short value, size_t count, void* stream) {
  CONTEXT;
  return to % 2 != 0 ? INVALID_VALUE : fill(to, value, count, stream);
}
API Code cuMemsetD32Async(Address to, unsigned value, size_t count, void* stream) {
  CONTEXT;
  return to % 4 != 0 ? INVALID_VALUE : fill(to, value, count, stream);
}
API Code cuMemsetD8_v2(Address to, unsigned char value, size_t count) { return cuMemsetD8Async(to, value, count, nullptr); }
API Code cuMemsetD16_v2(Address to, unsigned short value, size_t count) { return cuMemsetD16Async(to, value, count, nullptr); }
API Code cuMemsetD32_v2(Address to, unsigned value, size_t count) { return cuMemsetD32Async(to, value, count, nullptr); }

// ---- streams and events

API Code cuStreamCreate(void** result, unsigned) {
  CONTEXT;
  *result = new Stream;
  streamOf(*result);
  return 0;
}
API Code cuStreamCreateWithPriority(void** result, unsigned flags, int) { return cuStreamCreate(result, flags); }
API Code cuStreamDestroy_v2(void* handle) {
  CONTEXT;
  Stream* stream = streamOf(handle);
  Code error = finish(stream);
  forgetStream(stream);
  delete stream;
  return error;
}
API Code cuStreamSynchronize(void* handle) {
  CONTEXT;
  if (Code code = forbidden()) return code;
  return finish(streamOf(handle));
}
API Code cuStreamQuery(void* handle) {
  CONTEXT;
  Stream* stream = streamOf(handle);
  if (captured(handle)) return CAPTURE_UNSUPPORTED;
  if (stream->queue.empty()) return 0;
  // One piece of work is done for each question, so that who polls comes to an end.
  Work work = std::move(stream->queue.front());
  stream->queue.pop_front();
  Code code = work();
  if (code != 0) return code;
  return stream->queue.empty() ? 0 : NOT_READY;
}
API Code cuEventCreate(void** result, unsigned flags) {
  CONTEXT;
  Event* event = new Event;
  event->timed = (flags & 2) == 0;
  *result = event;
  return 0;
}
API Code cuEventDestroy_v2(void* handle) {
  CONTEXT;
  Event* event = (Event*)handle;
  if (event->stream != nullptr) finish(event->stream);
  delete event;
  return 0;
}
API Code cuEventRecord(void* handle, void* stream) {
  CONTEXT;
  Event* event = (Event*)handle;
  Stream* queue = streamOf(stream);
  if (queue->capture != nullptr) return put(queue, [] { return 0; });
  unsigned long long number = ++event->recorded;
  event->stream = queue;
  return put(queue, [=] {
    event->done = number;
    event->time = now();
    return 0;
  });
}
API Code cuEventRecordWithFlags(void* event, void* stream, unsigned) { return cuEventRecord(event, stream); }

namespace {
/** Does what is on the event's stream until it has happened. */
Code reach(Event* event, unsigned long long number) {
  Code error = 0;
  while (event->done < number && event->stream != nullptr && !event->stream->queue.empty()) {
    Work work = std::move(event->stream->queue.front());
    event->stream->queue.pop_front();
    Code code = work();
    if (error == 0) error = code;
  }
  return error;
}
}  // namespace

API Code cuEventSynchronize(void* handle) {
  CONTEXT;
  if (Code code = forbidden()) return code;
  Event* event = (Event*)handle;
  return reach(event, event->recorded);
}
API Code cuEventQuery(void* handle) {
  CONTEXT;
  Event* event = (Event*)handle;
  if (event->done >= event->recorded) return 0;
  Code code = cuStreamQuery(event->stream);
  if (code != 0 && code != NOT_READY) return code;
  return event->done >= event->recorded ? 0 : NOT_READY;
}
API Code cuEventElapsedTime(float* milliseconds, void* from, void* to) {
  CONTEXT;
  Event *first = (Event*)from, *second = (Event*)to;
  if (!first->timed || !second->timed || first->recorded == 0 || second->recorded == 0) return INVALID_HANDLE;
  if (first->done < first->recorded || second->done < second->recorded) return NOT_READY;
  *milliseconds = (float)(second->time - first->time);
  return 0;
}
API Code cuEventElapsedTime_v2(float* milliseconds, void* from, void* to) { return cuEventElapsedTime(milliseconds, from, to); }
API Code cuStreamWaitEvent(void* stream, void* handle, unsigned) {
  CONTEXT;
  Event* event = (Event*)handle;
  unsigned long long number = event->recorded;
  return put(streamOf(stream), [=] { return reach(event, number); });
}
API Code cuLaunchHostFunc(void* stream, void (*function)(void*), void* data) {
  CONTEXT;
  return put(streamOf(stream), [=] {
    function(data);
    return 0;
  });
}

// ---- graphs

API Code cuStreamBeginCapture_v2(void* handle, int) {
  CONTEXT;
  Stream* stream = streamOf(handle);
  if ((uintptr_t)handle <= 2 || stream->capture != nullptr) return CAPTURE_UNSUPPORTED;
  stream->capture = new Graph;
  stream->captureBroken = settings().brokenCaptures > 0;
  if (stream->captureBroken) settings().brokenCaptures--;
  return 0;
}
API Code cuStreamEndCapture(void* handle, void** graph) {
  CONTEXT;
  Stream* stream = streamOf(handle);
  if (stream->capture == nullptr) return 903;
  *graph = stream->captureBroken ? nullptr : stream->capture;
  if (stream->captureBroken) delete stream->capture;
  stream->capture = nullptr;
  return stream->captureBroken ? CAPTURE_INVALIDATED : 0;
}
API Code cuStreamIsCapturing(void* handle, int* status) {
  CONTEXT;
  *status = streamOf(handle)->capture != nullptr ? 1 : 0;
  return 0;
}
API Code cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long) {
  CONTEXT;
  executables().insert((Graph*)(*executable = new Graph(*(Graph*)graph)));
  return 0;
}
API Code cuGraphLaunch(void* executable, void* stream) {
  CONTEXT;
  // The works are copied: an executable may be destroyed while it is queued.
  for (const Work& work : ((Graph*)executable)->nodes) {
    if (Code code = put(streamOf(stream), work)) return code;
  }
  return 0;
}
API Code cuGraphUpload(void*, void*) { return 0; }
API Code cuGraphGetNodes(void* graph, void**, size_t* count) {
  *count = ((Graph*)graph)->nodes.size();
  return 0;
}
API Code cuGraphDestroy(void* graph) {
  LOCK;
  delete (Graph*)graph;
  return 0;
}
API Code cuGraphExecDestroy(void* executable) {
  LOCK;
  executables().erase((Graph*)executable);
  return cuGraphDestroy(executable);
}

// ---- errors

namespace {
struct ErrorText {
  Code code;
  const char *name, *text;
} errors[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {716, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to a previous error during capture"},
};
}  // namespace

API Code cuGetErrorString(Code code, const char** text) {
  for (auto& error : errors) {
    if (error.code == code) {
      *text = error.text;
      return 0;
    }
  }
  *text = nullptr;
  return INVALID_VALUE;
}
API Code cuGetErrorName(Code code, const char** text) {
  for (auto& error : errors) {
    if (error.code == code) {
      *text = error.name;
      return 0;
    }
  }
  *text = nullptr;
  return INVALID_VALUE;
}
