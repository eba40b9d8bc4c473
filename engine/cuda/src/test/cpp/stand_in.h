// CUDA's language in plain C++ for kernels that run on the stand-in GPU (device.h includes this in the tests only).
// A block's threads are fibers of one operating system thread; what makes them wait is a call into libcuda.so.1 of ours.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>
#include <utility>

#undef INFINITY  // NVRTC has none of them: whoever uses one should see it here, too
#undef NAN
#undef HUGE_VALF
#undef M_PI




#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline
#ifndef STAND_IN_SCAN
#define __launch_bounds__(...)
#endif
#define __align__(n) __attribute__((aligned(n)))
// Static shared memory belongs to the module's copy that a worker runs, one block at a time. Each array lies in 64 KiB
// of its own, so that running over its end is running into nothing.
#define __shared__ static __attribute__((aligned(65536)))

/** A line of a kernel's source, for reports. */
struct StandInSite {
  const char* file;
  int line;
  /** As a default argument: the line of the call. */
  static constexpr StandInSite here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }
};
#define SITE StandInSite site = StandInSite::here()

struct uint3 { unsigned x, y, z; };
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

#define STAND_IN_VECTOR(type, name, size)                                                      \
  struct __attribute__((aligned(2 * size))) name##2 { type x, y; };                             \
  struct name##3 { type x, y, z; };                                                             \
  struct __attribute__((aligned(4 * size > 16 ? 16 : 4 * size))) name##4 { type x, y, z, w; };  \
  inline name##2 make_##name##2(type x, type y) { return {x, y}; }                              \
  inline name##3 make_##name##3(type x, type y, type z) { return {x, y, z}; }                   \
  inline name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; }
STAND_IN_VECTOR(signed char, char, 1)
STAND_IN_VECTOR(unsigned char, uchar, 1)
STAND_IN_VECTOR(short, short, 2)
STAND_IN_VECTOR(unsigned short, ushort, 2)
STAND_IN_VECTOR(int, int, 4)
STAND_IN_VECTOR(float, float, 4)
STAND_IN_VECTOR(double, double, 8)
STAND_IN_VECTOR(long long, longlong, 8)
STAND_IN_VECTOR(unsigned long long, ulonglong, 8)
struct __attribute__((aligned(8))) uint2 { unsigned x, y; };
struct __attribute__((aligned(16))) uint4 { unsigned x, y, z, w; };
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
#undef STAND_IN_VECTOR

struct StandInWorker;

/** Where the running thread is; the worker writes it at every switch. */
struct StandInThread {
  uint3 index, block, threads, grid;
  unsigned char* dynamicShared;
  StandInWorker* worker;
};

#ifndef STAND_IN_LIBRARY
// Constant as far as a thread can see (and plain data), so that the checks leave it alone and the compiler keeps it.
extern "C" __attribute__((visibility("hidden"))) const StandInThread standInThread;
asm(".pushsection .bss.standInThread,\"aw\",@nobits\n"
    ".balign 64\n.hidden standInThread\n.globl standInThread\n"
    ".type standInThread, @object\n.size standInThread, 128\nstandInThread: .zero 128\n.popsection\n");
/** For the loader: this module's standInThread. */
extern "C" inline __attribute__((used, visibility("default"))) void* standInThreadAddress() {
  return (void*)&standInThread;
}

#ifdef STAND_IN_CHECKED
extern "C" inline __attribute__((used, visibility("default"))) void standInChecked() {}
#endif

#endif

#define threadIdx standInThread.index
#define blockIdx standInThread.block
#define blockDim standInThread.threads
#define gridDim standInThread.grid
#define warpSize 32

// What libcuda.so.1 of the stand-in does for kernels.
extern "C" {
enum { STAND_IN_ADD, STAND_IN_MAX, STAND_IN_MIN, STAND_IN_EXCHANGE, STAND_IN_COMPARE, STAND_IN_AND, STAND_IN_OR, STAND_IN_MAX_SIGNED, STAND_IN_MIN_SIGNED };
unsigned standInBarrierOf(StandInWorker*, unsigned predicate, StandInSite);
unsigned long long standInShuffleOf(StandInWorker*, unsigned mask, unsigned long long value, int source, StandInSite);
unsigned standInBallotOf(StandInWorker*, unsigned mask, unsigned predicate, StandInSite);
void standInWarpBarrierOf(StandInWorker*, unsigned mask, StandInSite);
void standInMmaOf(StandInWorker*, float* d, const unsigned* a, const unsigned* b, StandInSite);
void standInLoadMatrixOf(StandInWorker*, unsigned* r, const void* shared, int matrices, bool transposed, StandInSite);
void standInCopyAsyncOf(StandInWorker*, void* shared, const void* global, StandInSite);
void standInCopyCommitOf(StandInWorker*);
void standInCopyWaitOf(StandInWorker*, int pending, StandInSite);
void standInFenceOf(StandInWorker*);
void standInTrapOf(StandInWorker*, StandInSite);
unsigned long long standInAtomicOf(StandInWorker*, int operation, int bytes, void* address, unsigned long long value, unsigned long long compare, StandInSite);
}
#ifndef STAND_IN_LIBRARY
inline void standInMma(float* d, const unsigned* a, const unsigned* b, StandInSite site) { standInMmaOf(standInThread.worker, d, a, b, site); }
inline void standInLoadMatrix(unsigned* r, const void* shared, int matrices, bool transposed, StandInSite site) { standInLoadMatrixOf(standInThread.worker, r, shared, matrices, transposed, site); }
inline void standInCopyAsync(void* shared, const void* global, StandInSite site) { standInCopyAsyncOf(standInThread.worker, shared, global, site); }
inline void standInCopyCommit() { standInCopyCommitOf(standInThread.worker); }
inline void standInCopyWait(int pending, StandInSite site) { standInCopyWaitOf(standInThread.worker, pending, site); }

// Barriers and fences.
inline void __syncthreads(SITE) { standInBarrierOf(standInThread.worker, 0, site); }
inline int __syncthreads_count(int predicate, SITE) { return (int)standInBarrierOf(standInThread.worker, predicate != 0, site); }
inline int __syncthreads_or(int predicate, SITE) { return standInBarrierOf(standInThread.worker, predicate != 0, site) > 0; }
inline int __syncthreads_and(int predicate, SITE) { return standInBarrierOf(standInThread.worker, predicate == 0, site) == 0; }
inline void __syncwarp(unsigned mask = 0xffffffffu, SITE) { standInWarpBarrierOf(standInThread.worker, mask, site); }
inline void __threadfence() { standInFenceOf(standInThread.worker); }
inline void __threadfence_block() {}
inline void __trap(SITE) { standInTrapOf(standInThread.worker, site); }

// A warp's shuffles and votes. A lane that gives no value gives garbage on a GPU, and is reported here.
inline int standInLane() {
  return (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) & 31;
}
template <typename T>
inline T standInShuffle(unsigned mask, T value, int source, StandInSite site) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles take 4 or 8 bytes");
  unsigned long long bits = 0;
  memcpy(&bits, &value, sizeof value);
  bits = standInShuffleOf(standInThread.worker, mask, bits, source, site);
  memcpy(&value, &bits, sizeof value);
  return value;
}
template <typename T>
inline T __shfl_sync(unsigned mask, T value, int source, int width = 32, SITE) {
  return standInShuffle(mask, value, (standInLane() & ~(width - 1)) | (source & (width - 1)), site);
}
template <typename T>
inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, SITE) {
  int lane = standInLane(), source = lane - (int)delta;
  return standInShuffle(mask, value, source < (lane & ~(width - 1)) ? lane : source, site);
}
template <typename T>
inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, SITE) {
  int lane = standInLane(), source = lane + (int)delta;
  return standInShuffle(mask, value, source > (lane | (width - 1)) ? lane : source, site);
}
template <typename T>
inline T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32, SITE) {
  int lane = standInLane(), source = lane ^ lanes;
  return standInShuffle(mask, value, source > (lane | (width - 1)) ? lane : source, site);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, SITE) { return standInBallotOf(standInThread.worker, mask, predicate != 0, site); }
inline int __any_sync(unsigned mask, int predicate, SITE) { return standInBallotOf(standInThread.worker, mask, predicate != 0, site) != 0; }
inline int __all_sync(unsigned mask, int predicate, SITE) { return standInBallotOf(standInThread.worker, mask, predicate == 0, site) == 0; }

// Atomics on whole numbers; none on floats, whose order would not be fixed.
#define STAND_IN_ATOMIC(name, type, operation)                                                     \
  inline type name(type* address, type value, SITE) {                                              \
    return (type)standInAtomicOf(standInThread.worker, operation, sizeof(type), address,            \
                                 (unsigned long long)value, 0, site);                              \
  }
STAND_IN_ATOMIC(atomicAdd, int, STAND_IN_ADD)
STAND_IN_ATOMIC(atomicAdd, unsigned, STAND_IN_ADD)
STAND_IN_ATOMIC(atomicAdd, unsigned long long, STAND_IN_ADD)
STAND_IN_ATOMIC(atomicMax, int, STAND_IN_MAX_SIGNED)
STAND_IN_ATOMIC(atomicMax, unsigned, STAND_IN_MAX)
STAND_IN_ATOMIC(atomicMax, unsigned long long, STAND_IN_MAX)
STAND_IN_ATOMIC(atomicMin, int, STAND_IN_MIN_SIGNED)
STAND_IN_ATOMIC(atomicMin, unsigned, STAND_IN_MIN)
STAND_IN_ATOMIC(atomicMin, unsigned long long, STAND_IN_MIN)
STAND_IN_ATOMIC(atomicExch, int, STAND_IN_EXCHANGE)
STAND_IN_ATOMIC(atomicExch, unsigned, STAND_IN_EXCHANGE)
STAND_IN_ATOMIC(atomicExch, unsigned long long, STAND_IN_EXCHANGE)
STAND_IN_ATOMIC(atomicAnd, unsigned, STAND_IN_AND)
STAND_IN_ATOMIC(atomicOr, int, STAND_IN_OR)
STAND_IN_ATOMIC(atomicOr, unsigned, STAND_IN_OR)
#undef STAND_IN_ATOMIC
#define STAND_IN_COMPARE_AND_SWAP(type)                                                            \
  inline type atomicCAS(type* address, type compare, type value, SITE) {                           \
    return (type)standInAtomicOf(standInThread.worker, STAND_IN_COMPARE, sizeof(type), address,     \
                                 (unsigned long long)value, (unsigned long long)compare, site);    \
  }
STAND_IN_COMPARE_AND_SWAP(int)
STAND_IN_COMPARE_AND_SWAP(unsigned)
STAND_IN_COMPARE_AND_SWAP(unsigned long long)
#undef STAND_IN_COMPARE_AND_SWAP

#endif

// Bits, conversions, integer arithmetic.
template <typename To, typename From>
inline To standInBits(From from) {
  static_assert(sizeof(To) == sizeof(From), "as many bits");
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}
inline unsigned __float_as_uint(float v) { return standInBits<unsigned>(v); }
inline int __float_as_int(float v) { return standInBits<int>(v); }
inline float __uint_as_float(unsigned v) { return standInBits<float>(v); }
inline float __int_as_float(int v) { return standInBits<float>(v); }
inline long long __double_as_longlong(double v) { return standInBits<long long>(v); }
inline double __longlong_as_double(long long v) { return standInBits<double>(v); }
inline int __popc(unsigned v) { return __builtin_popcount(v); }
inline int __popcll(unsigned long long v) { return __builtin_popcountll(v); }
inline int __clz(int v) { return v == 0 ? 32 : __builtin_clz((unsigned)v); }
inline int __clzll(long long v) { return v == 0 ? 64 : __builtin_clzll((unsigned long long)v); }
inline int __ffs(int v) { return __builtin_ffs(v); }
inline int __ffsll(long long v) { return __builtin_ffsll(v); }
inline unsigned __brev(unsigned v) {
  unsigned reversed = 0;
  for (int bit = 0; bit < 32; bit++) reversed |= ((v >> bit) & 1u) << (31 - bit);
  return reversed;
}
inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)(((unsigned long long)a * b) >> 32); }
inline int __mulhi(int a, int b) { return (int)(((long long)a * b) >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) { return (unsigned long long)(((unsigned __int128)a * b) >> 64); }
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
  return (unsigned)(((((unsigned long long)high << 32) | low) << (shift & 31)) >> 32);
}
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
  return (unsigned)((((unsigned long long)high << 32) | low) >> (shift & 31));
}
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  unsigned long long bytes = ((unsigned long long)y << 32) | x;
  unsigned result = 0;
  for (int i = 0; i < 4; i++) result |= (unsigned)((bytes >> (8 * ((selector >> (4 * i)) & 7))) & 255) << (8 * i);
  return result;
}
template <typename T>
inline T __ldg(const T* address) { return *address; }
template <typename T>
inline T __ldcs(const T* address) { return *address; }
template <typename T>
inline T __ldcg(const T* address) { return *address; }
template <typename T>
inline void __stcs(T* address, T value) { *address = value; }
template <typename T>
inline void __stcg(T* address, T value) { *address = value; }

// Arithmetic rounded to nearest even, as plain operators are, too (no contraction to fused multiply-adds).
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline float __frcp_rn(float a) { return 1.0f / a; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
inline double __dsqrt_rn(double a) { return sqrt(a); }
inline int __float2int_rn(float v) { return (int)rintf(v); }
inline int __float2int_rz(float v) { return (int)v; }
inline int __float2int_rd(float v) { return (int)floorf(v); }
inline float __int2float_rn(int v) { return (float)v; }
inline float __uint2float_rn(unsigned v) { return (float)v; }
inline float __ll2float_rn(long long v) { return (float)v; }
inline float __ull2float_rn(unsigned long long v) { return (float)v; }
inline float __double2float_rn(double v) { return (float)v; }
inline int __double2int_rn(double v) { return (int)rint(v); }
inline double __int2double_rn(int v) { return (double)v; }
inline unsigned umin(unsigned a, unsigned b) { return a < b ? a : b; }
inline unsigned umax(unsigned a, unsigned b) { return a > b ? a : b; }
inline int min(int a, int b) { return a < b ? a : b; }
inline int max(int a, int b) { return a > b ? a : b; }
inline unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
inline unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }
inline long long min(long long a, long long b) { return a < b ? a : b; }
inline long long max(long long a, long long b) { return a > b ? a : b; }
inline long min(long a, long b) { return a < b ? a : b; }
inline long max(long a, long b) { return a > b ? a : b; }
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }
using std::isfinite;
using std::isinf;
using std::isnan;

// The loader reads a kernel's parameters and calls it through these two; the stand-in's NVRTC writes a pair for each.
template <typename... Parameters, size_t... I>
__attribute__((noinline, no_sanitize("thread"))) void standInCall(void (*kernel)(Parameters...), void** values, std::integer_sequence<size_t, I...>) {
  kernel(*(Parameters*)values[I]...);
}
template <typename... Parameters>
inline void standInCall(void (*kernel)(Parameters...), void** values) {
  standInCall(kernel, values, std::make_index_sequence<sizeof...(Parameters)>());
}
template <typename... Parameters>
inline int standInSizes(void (*)(Parameters...), int* sizes) {
  int count = 0;
  ((sizes[count++] = (int)sizeof(Parameters)), ...);
  return count;
}
#ifndef STAND_IN_SCAN
#define __global__ __attribute__((visibility("default")))
#endif
