// What is looked at when a kernel touches memory. Modules compiled with checks call us before every access.
#pragma once

#include "blocks.h"

namespace standin {

/** CopyBegin and CopyEnd: an asynchronous copy writes some time from its start until it is waited for. */
enum class Access { Read, Write, Atomic, CopyBegin, CopyEnd };

/** Looks at one access of the running thread: bounds, alignment where bytes says so, races, reads of nothing written. */
void check(StandInWorker* worker, const void* address, size_t bytes, Access access, const Where& where);

/** The same for shared memory only: what ldmatrix and asynchronous copies may touch. */
void checkShared(StandInWorker* worker, const void* address, size_t bytes, Access access, const Where& where);

/** Before a block's first thread: shared memory holds nothing, nothing has been touched. */
void beginBlock(StandInWorker* worker);

/** The worker that runs on this operating system thread. */
extern __thread StandInWorker* runningWorker;

}  // namespace standin
