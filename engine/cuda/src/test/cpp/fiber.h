// Switching between stacks: a few instructions on x86-64, ucontext elsewhere.
#pragma once

namespace standin {

/** Leaves this stack, remembered in *from, for one that was left before or made by newStack. */
extern "C" void standInSwitch(void** from, void* to);

/** Bytes of a fiber's stack. */
constexpr unsigned long STACK = 128 * 1024;

/** What standInSwitch takes to call entry() on an empty stack. entry never returns. */
void* newStack(char* stack, void (*entry)());

/** Calls entry() on this very stack from its top again, forgetting what is on it. */
[[noreturn]] void restart(char* stack, void (*entry)());

}  // namespace standin
