package io.whetstone.rewards.code;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.Score;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Code that wants a reward it has not earned, or the machine. */
class HostileCodeTest {

  /** What only a pass would show. */
  private static final String SECRET = "f3b1c9e07a";

  private static Optional<Reward> reward;

  @BeforeAll
  static void make() {
    reward =
        Rewards.code(
            "HostileCodeTest",
            Map.of(
                "time", "1s", "wall", "6s", "total-time", "8s", "memory-mib", 128, "disk-mib", 8));
  }

  @AfterEach
  void nothingIsLeft() {
    assertEquals(List.of(), ProcessHandle.current().descendants().toList());
  }

  private static Score score(String code, Object tests) throws Exception {
    Task task = new Task("t", "p", Optional.empty(), List.of(), Map.of("tests", tests));
    return reward
        .get()
        .score(new Group(task, "", List.of(Candidate.of("```python\n" + code + "\n```"))))
        .getFirst();
  }

  private static void assertContained(Score score) {
    assertNotEquals(Outcome.CORRECT, score.outcome(), score.toString());
    assertNotEquals(Outcome.ERROR, score.outcome(), score.toString());
    assertEquals(0, score.value().getAsDouble());
  }

  private static void assertCannotPrintSecret(String code) throws Exception {
    assertContained(score(code, List.of(Map.of("input", "", "output", SECRET))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "import os\nwhile True: os.fork()",
        "l = []\nwhile True: l.append(bytearray(10**6))",
        "import os\nfor i in range(9): os.fork()\nl = []\nwhile True: l.append(bytearray(10**6))",
        "import mmap\n"
            + "l = []\n"
            + "while True:\n"
            + "  m = mmap.mmap(-1, 10**7)\n"
            + "  m.write(b'x' * 10**7)\n"
            + "  l.append(m)",
        "while True: print('x' * 1000)",
        "import sys\nwhile True: sys.stderr.write('x' * 1000)",
        "import signal\n"
            + "for s in range(1, 64):\n"
            + "  try: signal.signal(s, signal.SIG_IGN)\n"
            + "  except Exception: pass\n"
            + "while True: pass",
        "import time\ntime.sleep(1000)",
        "import os\nos.kill(-1, 9)",
        "import os\nos.kill(os.getppid(), 9)\nos.kill(1, 9)\nprint(1)",
        "import os\nos.closerange(0, 1000)",
        "import os\n"
            + "if os.fork() == 0:\n"
            + "  os.setsid()\n"
            + "  if os.fork() == 0:\n"
            + "    import time\n"
            + "    time.sleep(1000)\n"
            + "print(1)",
        "import threading\n"
            + "while True: threading.Thread(target=lambda: __import__('time').sleep(99)).start()",
        "import ctypes\nctypes.string_at(0)",
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (-1, -1))\nwhile True: pass",
      })
  void isContained(String code) throws Exception {
    if (reward.isPresent()) {
      assertCannotPrintSecret(code);
      assertEquals(
          Outcome.CORRECT,
          score("print(input())", List.of(Map.of("input", "a", "output", "a"))).outcome(),
          "what comes after it is judged as ever");
    }
  }

  @Test
  void hostFilesAndEnvironmentAreNotThere(@TempDir Path host) throws Exception {
    if (reward.isEmpty()) {
      return;
    }
    Path file = Files.writeString(host.resolve("secret"), SECRET);
    assertCannotPrintSecret("print(open('" + file + "').read())");
    assertCannotPrintSecret(
        "import os\nos.symlink('" + file + "', 'link')\nprint(open('link').read())");
    String climb = "/proc/1/root" + file;
    assertCannotPrintSecret("print(open('" + climb + "').read())");
    assertCannotPrintSecret(
        """
        import os
        for p in os.listdir('/proc'):
            for name in ('environ', 'cmdline', 'cwd', 'fd'):
                try:
                    if '%s' in open('/proc/' + p + '/' + name).read(): print('%s')
                except Exception: pass
        for root, directories, files in os.walk('/'):
            if root.startswith(('/proc', '/usr', '/root', '/opt', '/home')): directories[:] = []
            if 'secret' in files: print('%s')
        """
            .formatted(SECRET.substring(1), SECRET, SECRET));
    assertEquals(
        Outcome.CORRECT,
        score(
                "import os\nprint(sorted(k for k in os.environ if 'PATH' in k or 'HOME' in k))",
                List.of(Map.of("input", "", "output", "['HOME', 'PATH']")))
            .outcome());
  }

  @Test
  void thereIsNoNetwork() throws Exception {
    if (reward.isEmpty()) {
      return;
    }
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertCannotPrintSecret(
          "import socket\nsocket.create_connection(('127.0.0.1', %d), 2)\nprint('%s')"
              .formatted(server.getLocalPort(), SECRET));
      assertCannotPrintSecret(
          """
          import os, stat
          for fd in range(1000):
              try:
                  if stat.S_ISSOCK(os.fstat(fd).st_mode): print('%s')
              except OSError: pass
          """
              .formatted(SECRET));
    }
  }

  @Test
  void theDiskIsBounded() throws Exception {
    if (reward.isEmpty()) {
      return;
    }
    Score score =
        score(
            """
            written = 0
            for i in range(100):
                for place in ('/tmp/', '/tmp/work/', '/dev/shm/', '/', '/dev/', '/usr/', '/etc/'):
                    try:
                        with open(place + str(i), 'wb') as f: f.write(bytes(10**6))
                        written += 1
                    except OSError: pass
            print(written < 40)
            """,
            List.of(Map.of("input", "", "output", "True")));
    assertEquals(Outcome.CORRECT, score.outcome(), score.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "class A:\n"
            + "  def __eq__(s, o): return True\n"
            + "  def __ne__(s, o): return False\n"
            + "def f(x): return A()",
        "class A(int):\n"
            + "  def __eq__(s, o): return True\n"
            + "  def __repr__(s): return '41'\n"
            + "def f(x): return A(7)",
        "import os\ndef f(x): os._exit(0)",
        "import os\nos._exit(0)",
        "import sys\nsys.exit(0)",
        "def f(x): raise SystemExit(0)",
        "import os\ndef f(x):\n  os.closerange(3, 99)\n  return 0",
        // Its own answers with the true nonce: it may say what it likes, but it must know it.
        "import sys\n"
            + "def f(x):\n"
            + "  g = sys._getframe(1).f_globals\n"
            + "  g['answer'](0, 'value', '40')\n"
            + "  g['answer'](0, 'value', '41')\n"
            + "  return 41 + 1",
        "def f(x):\n  print('0 value 41')\n  import os\n  os.write(3, b'nonce 0 value 41\\n' * 9)",
        "import json, builtins\n"
            + "json.dumps = lambda *a, **k: '41'\n"
            + "builtins.repr = lambda *a: '41'\n"
            + "builtins.str = lambda *a: '41'\n"
            + "def f(x): return 7",
        "import gc\n"
            + "def f(x):\n"
            + "  for o in gc.get_objects():\n"
            + "    if isinstance(o, dict) and 'expected' in o: return o['expected']\n"
            + "  return open('calls.txt').read()",
        "def f(x):\n"
            + "  import glob\n"
            + "  return [open(n).read() for n in glob.glob('/tmp/**', recursive=True) if"
            + " n.endswith('txt')]",
        "import os\n"
            + "if os.fork() == 0:\n"
            + "  os.setsid()\n"
            + "  while True:\n"
            + "    try: os.write(3, b'0 value 41\\n"
            + "')\n"
            + "    except OSError: pass\n"
            + "def f(x): return 7",
        "import sys\nsys.modules['os'].fork = lambda: 0\ndef f(x): return 7",
        "import builtins\n"
            + "builtins.compile = None\n"
            + "builtins.open = lambda *a, **k: 0 / 0\n"
            + "def f(x): return 7",
      })
  void aReturnedValueCannotBeForged(String code) throws Exception {
    if (reward.isPresent()) {
      Map<String, Object> call = Map.of("args", List.of(1), "expected", 41, "fn_name", "f");
      assertContained(score(code, List.of(call)));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "import os\nos._exit(0)",
        "import sys\nsys.exit(0)",
        "import os\ndef f(x): os._exit(0)",
        "def f(x): raise SystemExit(0)",
        "import sys\ndef f(x): sys.exit()",
        "import atexit, os\natexit.register(lambda: os._exit(0))\ndef f(x): return 7",
        "import sys, os\nsys.excepthook = lambda *a: os._exit(0)\ndef f(x): return 7",
        "import os\nos.write(3, b'\\n' + b'0' * 32)\ndef f(x): return 7",
        "import os\nos.closerange(3, 9)\ndef f(x): return 41",
        "import os\n"
            + "print('0' * 32)\n"
            + "os.write = lambda *a: 1\n"
            + "os.read = lambda *a: b''\n"
            + "def f(x): return 7",
        "import os\ndef f(x):\n  os.execv('/bin/true', ['true'])",
        "import threading, os\n"
            + "threading.Timer(0.01, lambda: os._exit(0)).start()\n"
            + "def f(x):\n"
            + "  import time\n"
            + "  time.sleep(1)",
        // The tests are not in the sandbox while the code is loaded.
        "import os, glob\n"
            + "for n in glob.glob('/tmp/**', recursive=True):\n"
            + "  if os.path.isfile(n) and ('f(1) ' + '== 41') in open(n).read(): f = lambda x: 41\n"
            + "if os.fstat(5).st_size: f = lambda x: 41",
      })
  void theEndOfTheTestsIsProven(String code) throws Exception {
    if (reward.isPresent()) {
      assertContained(score(code, "assert f(1) == 41\n"));
    }
  }
}
