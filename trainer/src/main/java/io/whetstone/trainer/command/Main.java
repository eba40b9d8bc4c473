package io.whetstone.trainer.command;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** The front door: {@code scripts/whetstone} ends here. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    PrintStream out = utf8(FileDescriptor.out);
    PrintStream err = utf8(FileDescriptor.err);
    int status = Whetstone.run(Console.of(out, err, System.getenv()), arguments);
    out.flush();
    err.flush();
    // Rewards that ignore their deadline may still hold threads; they must not hold the process.
    System.exit(status);
  }

  /** Results are UTF-8 whatever the locale; standard output is written in blocks. */
  private static PrintStream utf8(FileDescriptor descriptor) {
    boolean flush = descriptor == FileDescriptor.err;
    return new PrintStream(
        new java.io.BufferedOutputStream(new FileOutputStream(descriptor)),
        flush,
        StandardCharsets.UTF_8);
  }
}
