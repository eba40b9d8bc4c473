// Runs a file that `try` has compiled.
#include <dlfcn.h>

#include <cstdio>

#include "blocks.h"
#include "memory.h"

using namespace standin;

namespace {
Module module;
int failures = 0;
}  // namespace

extern "C" {
int standInTry(Entry entry, const char* name, dim3 grid, dim3 threads, size_t shared, void** values, int count) {
  Kernel kernel;
  kernel.module = &module;
  kernel.name = name;
  kernel.entries[0] = entry;
  Launch launch;
  launch.kernel = &kernel;
  launch.grid = grid;
  launch.threads = threads;
  launch.shared = shared;
  launch.values.assign(values, values + count);
  int failure = run(launch);
  std::string reports = takeReports();
  if (!reports.empty()) failures++;
  fputs(reports.c_str(), stdout);
  return failure;
}
void* standInTryAllocate(size_t bytes) { return allocate(bytes); }
void standInTryFailed() { failures++; }
}

int main(int, char** arguments) {
  settings().workers = 1;
  try {
    module.copies[0] = load(arguments[1]);
  } catch (const std::string& message) {
    fprintf(stderr, "%s\n", message.c_str());
    return 2;
  }
  auto test = (int (*)())dlsym(module.copies[0]->handle, "main");
  if (test == nullptr) {
    fprintf(stderr, "%s has no main\n", arguments[1]);
    return 2;
  }
  int result = test();
  printf(failures == 0 && result == 0 ? "as expected\n" : "%d failures\n", failures);
  return failures == 0 ? result : 1;
}
