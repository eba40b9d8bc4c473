package io.whetstone.rewards.sandbox;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A seccomp filter, as bubblewrap takes it: what a program has no business with, above all ways
 * around its limits.
 *
 * <p>New namespaces are refused (in a user namespace of its own a program could mount file systems
 * without a bound), as is memory that belongs to no process ({@code memfd_create}, System V shared
 * memory and queues), looking into other processes, and the parts of the kernel that have been ways
 * out of sandboxes: keys, bpf, perf, io_uring, userfaultfd. Calls of another architecture kill.
 */
final class SystemCallFilter {

  private static final int LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
  private static final int IF_EQUAL = 0x15;
  private static final int IF_AT_LEAST = 0x35;
  private static final int IF_ANY_BIT = 0x45;
  private static final int RETURN = 0x06;

  private static final int NUMBER = 0; // offsets in struct seccomp_data
  private static final int ARCHITECTURE = 4;
  private static final int FIRST_ARGUMENT = 16;

  private static final int KILL = 0x80000000;
  private static final int ALLOW = 0x7fff0000;
  private static final int NOT_PERMITTED = 0x00050000 | 1; // SECCOMP_RET_ERRNO | EPERM
  private static final int NOT_THERE = 0x00050000 | 38; // ENOSYS: callers then do without

  /** CLONE_NEW* for mount, cgroup, UTS, IPC, user, PID and network namespaces. */
  private static final int NEW_NAMESPACE = 0x20000 | 0x02000000 | 0x7c000000;

  /** An architecture's mark (AUDIT_ARCH_*), its clone and clone3, and the calls it refuses. */
  private record Calls(int mark, int fork, int fork3, int[] notPermitted, int[] notThere) {}

  private static final Map<String, Calls> ARCHITECTURES =
      Map.of(
          "amd64",
          new Calls(
              0xc000003e,
              56,
              435,
              new int[] {
                272,
                308,
                165,
                166,
                155,
                161, // unshare setns mount umount2 pivot_root chroot
                428,
                429,
                430,
                431,
                432,
                433,
                442, // open_tree … fspick, mount_setattr
                101,
                310,
                311,
                312,
                440, // ptrace process_vm_readv/writev kcmp process_madvise
                29,
                30,
                31,
                68,
                69,
                70,
                71, // shmget shmat shmctl msgget msgsnd msgrcv msgctl
                248,
                249,
                250, // add_key request_key keyctl
                321,
                298,
                323,
                304,
                303, // bpf perf_event_open userfaultfd open/name_to_handle
                246,
                320,
                175,
                313,
                176 // kexec_load(_file), modules
              },
              new int[] {319, 447, 425, 426, 427, 240}), // memfd_*, io_uring_*, mq_open
          "aarch64",
          new Calls(
              0xc00000b7,
              220,
              435,
              new int[] {
                97, 268, 40, 39, 41, 51, //
                428, 429, 430, 431, 432, 433, 442, //
                117, 270, 271, 272, 440, //
                194, 196, 195, 186, 189, 188, 187, //
                217, 218, 219, //
                280, 241, 282, 265, 264, //
                104, 294, 105, 273, 106
              },
              new int[] {279, 447, 425, 426, 427, 180}));

  private SystemCallFilter() {}

  /**
   * The filter's program for this machine.
   *
   * @throws SandboxException if there is none for its processor
   */
  static byte[] program(String architecture) {
    Calls calls = ARCHITECTURES.get(architecture);
    if (calls == null) {
      throw new SandboxException(
          "sandbox: has no filter of system calls for the processor \"%s\"; there is one for %s"
              .formatted(architecture, ARCHITECTURES.keySet().stream().sorted().toList()));
    }
    List<long[]> code = new ArrayList<>(); // operation, jump if true, jump if false, operand
    add(code, LOAD, 0, 0, ARCHITECTURE);
    add(code, IF_EQUAL, 1, 0, calls.mark());
    add(code, RETURN, 0, 0, KILL);
    add(code, LOAD, 0, 0, NUMBER);
    add(code, IF_AT_LEAST, 0, 1, 0x40000000); // x32's numbers, which no list here has
    add(code, RETURN, 0, 0, NOT_THERE);
    refuse(code, calls.notPermitted(), NOT_PERMITTED);
    refuse(code, calls.notThere(), NOT_THERE);
    // clone3 has its flags in memory, where a filter cannot look; the C library then uses clone.
    refuse(code, new int[] {calls.fork3()}, NOT_THERE);
    add(code, IF_EQUAL, 0, 3, calls.fork());
    add(code, LOAD, 0, 0, FIRST_ARGUMENT);
    add(code, IF_ANY_BIT, 0, 1, NEW_NAMESPACE);
    add(code, RETURN, 0, 0, NOT_PERMITTED);
    add(code, RETURN, 0, 0, ALLOW);
    ByteBuffer bytes = ByteBuffer.allocate(8 * code.size()).order(ByteOrder.LITTLE_ENDIAN);
    for (long[] step : code) {
      bytes.putShort((short) step[0]).put((byte) step[1]).put((byte) step[2]).putInt((int) step[3]);
    }
    return bytes.array();
  }

  private static void refuse(List<long[]> code, int[] numbers, int answer) {
    for (int number : numbers) {
      add(code, IF_EQUAL, 0, 1, number);
      add(code, RETURN, 0, 0, answer);
    }
  }

  private static void add(List<long[]> code, int operation, int ifTrue, int ifFalse, int operand) {
    code.add(new long[] {operation, ifTrue, ifFalse, operand});
  }
}
