// For trying kernels by hand, without Java: `sh try FILE.cpp`, where FILE.cpp is for example
//
//   #include "try.h"
//   #include "rows.cu"
//   int main() {
//     float* x = device<float>(1000);                    // checked: to the byte
//     for (int i = 0; i < 1000; i++) x[i] = i;           // host and device share their memory here
//     LAUNCH(gather, dim3(4, 1), 256, 0, x, 1000);       // grid, threads, dynamic shared bytes, arguments
//     expect(x[3], 3, 1e-6);
//   }
#pragma once

#include <cstdio>
#include <cstdlib>
#include <vector>

#define WHETSTONE_STAND_IN
#include "device.h"

extern "C" {
int standInTry(void (*entry)(void**), const char* name, dim3 grid, dim3 threads, size_t shared, void** values, int count);
void* standInTryAllocate(size_t bytes);
int standInTryFailures();
void standInTryFailed();
}

template <typename T>
T* device(size_t count) {
  return (T*)standInTryAllocate(count * sizeof(T));
}

template <typename T>
T* device(const std::vector<T>& values) {
  T* copy = device<T>(values.size());
  memcpy(copy, values.data(), values.size() * sizeof(T));
  return copy;
}

template <auto Kernel>
struct TryLaunch;
template <typename... Parameters, void (*Kernel)(Parameters...)>
struct TryLaunch<Kernel> {
  static void entry(void** values) { standInCall(Kernel, values); }
  static int launch(const char* name, dim3 grid, dim3 threads, size_t shared, Parameters... arguments) {
    void* values[] = {(void*)&arguments..., nullptr};
    return standInTry(entry, name, grid, threads, shared, values, sizeof...(Parameters));
  }
};
/** Runs a kernel; prints what the checks found, and gives the driver's error (0 for none). */
#define LAUNCH(kernel, grid, threads, shared, ...) TryLaunch<kernel>::launch(#kernel, grid, threads, shared, __VA_ARGS__)

inline void expectAt(int line, double got, double expected, double tolerance) {
  double off = got > expected ? got - expected : expected - got;
  double size = expected < 0 ? -expected : expected;
  if (off <= tolerance * (1 + size)) return;
  printf("line %d: got %.9g, expected %.9g\n", line, got, expected);
  standInTryFailed();
}
#define expect(got, expected, tolerance) expectAt(__LINE__, got, expected, tolerance)
