// What the kernels ask of a GPU beside CUDA's own language: bfloat16, tensor cores, asynchronous copies.
// Two bodies: a GPU's in PTX (sm_80 and newer), and plain C++ for the stand-in GPU that the tests run on.
#pragma once

#ifdef WHETSTONE_STAND_IN
#include "stand_in.h"
#endif

/** A bfloat16 as it is stored: the upper half of a float's bits. Arithmetic is done in float. */
struct bf16 {
  unsigned short bits;
};

/** Infinity, as NVRTC has no <math.h>. */
__device__ __forceinline__ float infinity() { return __uint_as_float(0x7f800000u); }

/** A bfloat16's value, exactly. */
__device__ __forceinline__ float toFloat(bf16 value) { return __uint_as_float((unsigned)value.bits << 16); }

/** A float is a float: for templates over both types. */
__device__ __forceinline__ float toFloat(float value) { return value; }

/** To the nearest bfloat16, ties to even. A NaN stays one: quiet, with its sign and upper bits. */
__device__ __forceinline__ bf16 toBf16(float value) {
  unsigned bits = __float_as_uint(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return bf16{(unsigned short)((bits >> 16) | 0x40u)};
  }
  return bf16{(unsigned short)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

/** Stores a value as the target's type: for templates over both types. */
__device__ __forceinline__ void store(float* target, float value) { *target = value; }
__device__ __forceinline__ void store(bf16* target, float value) { *target = toBf16(value); }

/** The two bfloat16s in a register: the lower half is the element that comes first in memory. */
__device__ __forceinline__ float lowFloat(unsigned packed) { return __uint_as_float(packed << 16); }
__device__ __forceinline__ float highFloat(unsigned packed) { return __uint_as_float(packed & 0xffff0000u); }

#ifndef WHETSTONE_STAND_IN

/** Two floats rounded to nearest even, packed; a NaN becomes the bits 0x7fff. */
__device__ __forceinline__ unsigned packBf16(float low, float high) {
  unsigned packed;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
  return packed;
}

/**
 * D = A·B + D on tensor cores by a whole warp: A is bf16 16×16, B is bf16 16×8, D is F32 16×8. With g = lane / 4 and
 * t = lane % 4, a pair being two columns of A or two rows of B from 2t on:
 * a[0] A[g][pair], a[1] A[g+8][pair], a[2] A[g][pair+8], a[3] A[g+8][pair+8]; b[0] B[pair][g], b[1] B[pair+8][g];
 * d[0], d[1] D[g][pair], d[2], d[3] D[g+8][pair] (PTX: mma.m16n8k16).
 */
__device__ __forceinline__ void mma16816(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

__device__ __forceinline__ unsigned sharedAddress(const void* shared) {
  return (unsigned)__cvta_generic_to_shared(shared);
}

/**
 * Four 8×8 matrices of 16-bit elements from shared memory by a whole warp: lane l gives the address of row l % 8 of
 * matrix l / 8 (16 bytes, aligned to 16), and gets of each matrix row lane / 4 the two elements from 2 (lane % 4) on.
 */
__device__ __forceinline__ void ldmatrix4(unsigned (&r)[4], const void* shared) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(sharedAddress(shared))
               : "memory");
}

/** As ldmatrix4, each matrix transposed: column lane / 4, the two elements from row 2 (lane % 4) on. */
__device__ __forceinline__ void ldmatrix4Transposed(unsigned (&r)[4], const void* shared) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(sharedAddress(shared))
               : "memory");
}

/** As ldmatrix4, of two matrices: the addresses of lanes 0 to 15 count. */
__device__ __forceinline__ void ldmatrix2(unsigned (&r)[2], const void* shared) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(sharedAddress(shared))
               : "memory");
}

__device__ __forceinline__ void ldmatrix2Transposed(unsigned (&r)[2], const void* shared) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(sharedAddress(shared))
               : "memory");
}

/** Starts copying 16 bytes, both addresses aligned to 16. There when copyAsyncWait says so, and only for this thread. */
__device__ __forceinline__ void copyAsync16(void* shared, const void* global) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(sharedAddress(shared)), "l"(global) : "memory");
}

/** Ends a group: the copies this thread has started since the last one. */
__device__ __forceinline__ void copyAsyncCommit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

/** Waits until at most the N youngest groups of this thread are under way. */
template <int N>
__device__ __forceinline__ void copyAsyncWait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

extern __shared__ __align__(16) unsigned char whetstoneDynamicShared[];

/** The launch's dynamic shared memory, aligned to 16 bytes. */
template <typename T>
__device__ __forceinline__ T* dynamicShared() {
  return reinterpret_cast<T*>(whetstoneDynamicShared);
}

#else

__device__ inline unsigned packBf16(float low, float high) {
  unsigned lowBits = low == low ? toBf16(low).bits : 0x7fffu;
  unsigned highBits = high == high ? toBf16(high).bits : 0x7fffu;
  return lowBits | (highBits << 16);
}

// Each of these is a call into the stand-in; SITE is the caller's line, for its reports.
__device__ inline void mma16816(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], SITE) {
  standInMma(d, a, b, site);
}
__device__ inline void ldmatrix4(unsigned (&r)[4], const void* shared, SITE) {
  standInLoadMatrix(r, shared, 4, false, site);
}
__device__ inline void ldmatrix4Transposed(unsigned (&r)[4], const void* shared, SITE) {
  standInLoadMatrix(r, shared, 4, true, site);
}
__device__ inline void ldmatrix2(unsigned (&r)[2], const void* shared, SITE) {
  standInLoadMatrix(r, shared, 2, false, site);
}
__device__ inline void ldmatrix2Transposed(unsigned (&r)[2], const void* shared, SITE) {
  standInLoadMatrix(r, shared, 2, true, site);
}
__device__ inline void copyAsync16(void* shared, const void* global, SITE) { standInCopyAsync(shared, global, site); }
__device__ inline void copyAsyncCommit() { standInCopyCommit(); }
template <int N>
__device__ inline void copyAsyncWait(SITE) {
  standInCopyWait(N, site);
}
template <typename T>
__device__ inline T* dynamicShared() {
  return reinterpret_cast<T*>(standInThread.dynamicShared);
}

#endif
