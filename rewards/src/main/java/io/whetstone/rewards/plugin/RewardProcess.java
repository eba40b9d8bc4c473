package io.whetstone.rewards.plugin;

import io.whetstone.datasets.JsonLines;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * One running program: a line in, a line out. Used by one thread at a time; a thread of its own
 * talks to the pipes, for neither a write nor a read of a pipe can be given a deadline.
 */
final class RewardProcess implements AutoCloseable {

  /** How much of the end of its error output is kept for messages. */
  private static final int ERROR_TAIL = 2000;

  private static final Duration ENDING = Duration.ofMillis(500);

  /** The process ended, or its pipe did. */
  static final class EndedException extends Exception {
    EndedException(String message) {
      super(message);
    }
  }

  /** What came back: a line, or null for the end of the output. */
  private record Reply(String line) {}

  private final Process process;
  private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();
  private final BlockingQueue<Reply> replies = new LinkedBlockingQueue<>();
  private final StringBuilder errors = new StringBuilder(); // guarded by itself
  private final Thread errorReader;
  private final Thread killer;

  RewardProcess(List<String> command) throws EndedException {
    ProcessBuilder builder = new ProcessBuilder(command);
    // A Python program that forgets to flush would look as if it hung.
    builder.environment().put("PYTHONUNBUFFERED", "1");
    builder.environment().putIfAbsent("PYTHONIOENCODING", "utf-8");
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new EndedException("could not be started: " + e.getMessage());
    }
    // Whatever way this program ends, it leaves none of its processes behind.
    killer = new Thread(this::kill);
    Runtime.getRuntime().addShutdownHook(killer);
    Thread.ofPlatform().daemon().name("reward-process").start(this::talk);
    errorReader = Thread.ofPlatform().daemon().name("reward-errors").start(this::readErrors);
  }

  private void talk() {
    try (OutputStream in = process.getOutputStream();
        JsonLines out = new JsonLines(process.getInputStream())) {
      while (true) {
        in.write((requests.take() + "\n").getBytes(StandardCharsets.UTF_8));
        in.flush();
        JsonLines.Line line = out.next();
        replies.add(
            new Reply(line == null ? null : new String(line.bytes(), StandardCharsets.UTF_8)));
      }
    } catch (IOException | InterruptedException e) {
      replies.add(new Reply(null));
    }
  }

  private void readErrors() {
    byte[] buffer = new byte[4096];
    try (InputStream in = process.getErrorStream()) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        synchronized (errors) {
          errors.append(new String(buffer, 0, read, StandardCharsets.UTF_8));
          errors.delete(0, Math.max(0, errors.length() - ERROR_TAIL));
        }
      }
    } catch (IOException e) {
      // The process was killed; what it said so far is kept.
    }
  }

  /**
   * Sends a line and waits for the answer.
   *
   * @return null if none came in time; the process is then of no more use
   * @throws EndedException if it ended instead
   */
  String ask(String line, Duration deadline) throws EndedException, InterruptedException {
    requests.add(line);
    Reply reply = replies.poll(deadline.toMillis(), TimeUnit.MILLISECONDS);
    if (reply != null && reply.line() == null) {
      process.waitFor(ENDING.toMillis(), TimeUnit.MILLISECONDS);
      String how = process.isAlive() ? "closed its output" : "ended with " + process.exitValue();
      String said = said(); // before it is killed, which closes its error output
      kill();
      throw new EndedException(how + said);
    }
    return reply == null ? null : reply.line();
  }

  /** The last lines of its error output, for a message. */
  String said() throws InterruptedException {
    if (!process.isAlive()) {
      errorReader.join(ENDING);
    }
    String text;
    synchronized (errors) {
      text = errors.toString().strip();
    }
    List<String> lines = text.lines().toList();
    return text.isEmpty()
        ? " (it said nothing on standard error)"
        : ": " + String.join(" | ", lines.subList(Math.max(0, lines.size() - 4), lines.size()));
  }

  private void kill() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  @Override
  public void close() {
    kill();
    try {
      Runtime.getRuntime().removeShutdownHook(killer);
    } catch (IllegalStateException e) {
      // The JVM is ending already.
    }
  }
}
