#include "fiber.h"

#include <cstdint>

#ifdef __x86_64__

// Callee-saved registers are pushed; the rest is the caller's to save. Kernels leave rounding modes alone.
asm(R"(
.text
.globl standInSwitch
.type standInSwitch, @function
standInSwitch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size standInSwitch, .-standInSwitch
.globl standInRestart
.type standInRestart, @function
standInRestart:
  movq %rdi, %rsp
  pushq $0
  jmp *%rsi
.size standInRestart, .-standInRestart
)");

extern "C" [[noreturn]] void standInRestart(void* top, void (*entry)());

namespace standin {

void* newStack(char* stack, void (*entry)()) {
  uintptr_t top = ((uintptr_t)stack + STACK) & ~(uintptr_t)63;
  void** pointer = (void**)top;
  *--pointer = nullptr;          // where entry would return to; keeps the alignment a call has
  *--pointer = (void*)entry;
  for (int saved = 0; saved < 6; saved++) *--pointer = nullptr;
  return pointer;
}

void restart(char* stack, void (*entry)()) { standInRestart((void*)(((uintptr_t)stack + STACK) & ~(uintptr_t)63), entry); }

}  // namespace standin

#else

#include <ucontext.h>

#include <new>

// The stack pointer is the address of a context. One that begins lies at the stack's top; one that was left, on its stack.
extern "C" void standInSwitch(void** from, void* to) {
  ucontext_t here;
  *from = &here;
  swapcontext(&here, (ucontext_t*)to);
}

namespace standin {

void* newStack(char* stack, void (*entry)()) {
  uintptr_t top = ((uintptr_t)stack + STACK - sizeof(ucontext_t)) & ~(uintptr_t)63;
  ucontext_t* context = new ((void*)top) ucontext_t;
  getcontext(context);
  context->uc_stack.ss_sp = stack;
  context->uc_stack.ss_size = top - (uintptr_t)stack;
  context->uc_link = nullptr;
  makecontext(context, entry, 0);
  return context;
}

void restart(char* stack, void (*entry)()) {
  setcontext((ucontext_t*)newStack(stack, entry));
  __builtin_unreachable();
}

}  // namespace standin

#endif
