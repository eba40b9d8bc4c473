// Streams, events and graphs of the stand-in GPU.
//
// What is put on a stream is done as late as can be: when somebody waits for it. So host memory that is changed too early,
// or read too early, shows. With settings().late = false it is done at once.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace standin {

/** Something to do on the device; gives the driver's error. */
using Work = std::function<int()>;

struct Graph {
  std::vector<Work> nodes;
  std::set<const void*> modules;  // whose kernels it has
};

struct Stream {
  std::deque<Work> queue;
  bool running = false;
  Graph* capture = nullptr;
  bool captureBroken = false;  // something was asked for that cannot be captured: there will be no graph
};

struct Event {
  unsigned long long recorded = 0, done = 0;
  Stream* stream = nullptr;
  double time = 0;
  bool timed = true;
};

/** Held in every call of the driver's. */
std::recursive_mutex& driverMutex();
/** The stream of a handle: null and the two special ones are the default stream. */
Stream* streamOf(void* handle);
/** Does it now, later, or notes it down while the stream is captured. */
int put(Stream* stream, Work work);
/** Does everything that is on a stream; the first error. */
int finish(Stream* stream);
int finishAll();
/** True while any stream is captured: then what would wait is forbidden. */
bool capturing();
/** The same; what is captured then comes to no graph. */
bool breakCaptures();

}  // namespace standin
