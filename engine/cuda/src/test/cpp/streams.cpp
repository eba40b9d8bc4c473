#include "streams.h"

#include "blocks.h"

namespace standin {

namespace {

struct Streams {
  std::recursive_mutex mutex;
  std::set<Stream*> all;
  Stream standard;
  Streams() { all.insert(&standard); }
};

Streams& streams() {
  static Streams* one = new Streams;
  return *one;
}

constexpr size_t LONGEST = 4096;  // works on a stream, as a GPU's queue is not endless either

}  // namespace

std::recursive_mutex& driverMutex() { return streams().mutex; }

Stream* streamOf(void* handle) {
  if ((uintptr_t)handle <= 2) return &streams().standard;
  streams().all.insert((Stream*)handle);
  return (Stream*)handle;
}

int finish(Stream* stream) {
  if (stream->running) return 0;
  stream->running = true;
  int error = 0;
  while (!stream->queue.empty()) {
    Work work = std::move(stream->queue.front());
    stream->queue.pop_front();
    int code = work();
    if (error == 0) error = code;
  }
  stream->running = false;
  return error;
}

int finishAll() {
  int error = 0;
  for (Stream* stream : streams().all) {
    int code = finish(stream);
    if (error == 0) error = code;
  }
  return error;
}

bool breakCaptures() {
  bool any = false;
  for (Stream* stream : streams().all) {
    any = any || stream->capture != nullptr;
    stream->captureBroken = stream->captureBroken || stream->capture != nullptr;
  }
  return any;
}

bool capturing() {
  for (Stream* stream : streams().all) {
    if (stream->capture != nullptr) return true;
  }
  return false;
}

int put(Stream* stream, Work work) {
  if (stream->capture != nullptr) {
    if (stream->captureBroken) return 900;  // CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
    stream->capture->nodes.push_back(std::move(work));
    return 0;
  }
  stream->queue.push_back(std::move(work));
  if (!settings().late || stream->queue.size() > LONGEST) return finish(stream);
  return stream == &streams().standard ? finishAll() : 0;
}

void forgetStream(Stream* stream) { streams().all.erase(stream); }

}  // namespace standin
