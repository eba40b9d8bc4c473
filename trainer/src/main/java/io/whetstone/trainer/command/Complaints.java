package io.whetstone.trainer.command;

import io.whetstone.checkpoints.CheckpointException;
import io.whetstone.checkpoints.CheckpointWriteException;
import io.whetstone.datasets.DatasetException;
import io.whetstone.hub.HubException;
import io.whetstone.rewards.RewardPluginException;
import io.whetstone.rewards.TooManyAbsentException;
import io.whetstone.tokenizer.TokenizerException;
import io.whetstone.trainer.config.ConfigurationException;
import io.whetstone.trainer.loop.EmptyRoundException;
import io.whetstone.trainer.run.RunException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.BooleanSupplier;
import picocli.CommandLine;

/**
 * Turns what went wrong into one message and an exit code: 2 where the person who typed can mend
 * it, 1 where not. A stack trace is shown on demand, and for what is plainly a defect of the
 * program.
 */
final class Complaints
    implements CommandLine.IParameterExceptionHandler, CommandLine.IExecutionExceptionHandler {
  /** A damaged file may be quoted; a screen is enough of it. */
  private static final int LONGEST = 4_000;

  private final Console console;
  private final BooleanSupplier debug;

  Complaints(Console console, BooleanSupplier debug) {
    this.console = console;
    this.debug = debug;
  }

  @Override
  public int handleParseException(CommandLine.ParameterException e, String[] arguments) {
    CommandLine command = e.getCommandLine();
    complain(console, e.getMessage());
    CommandLine.UnmatchedArgumentException.printSuggestions(e, command.getErr());
    console.note("See " + command.getCommandSpec().qualifiedName() + " --help");
    return Whetstone.MISTAKE;
  }

  @Override
  public int handleExecutionException(
      Exception e, CommandLine line, CommandLine.ParseResult parsed) {
    int code = code(e);
    boolean defect = code == Whetstone.FAILURE && !isExplained(e);
    complain(console, defect ? "a defect of the program: " + e : message(e));
    if (debug.getAsBoolean()) {
      e.printStackTrace(console.err());
    } else if (defect) {
      console.note("  --debug shows where; please report it with that");
    }
    return code;
  }

  static void complain(Console console, String message) {
    String shown = message;
    if (message.length() > LONGEST) {
      shown = message.substring(0, LONGEST) + "…";
    }
    console.note(console.errColours().string("@|bold,red whetstone:|@ ") + shown);
  }

  /** The exit code that an exception means. */
  static int code(Exception e) {
    if (e instanceof InterruptedException) {
      return Whetstone.INTERRUPTED;
    }
    boolean mistake =
        e instanceof UsageException
            || e instanceof ConfigurationException
            || e instanceof CheckpointException
            || e instanceof DatasetException
            || e instanceof RewardPluginException
            || e instanceof TokenizerException
            || e instanceof HubException hub && !hub.isUnreachable()
            || e instanceof RunException run && run.usersToMend()
            // The engine's way to refuse a setting; its subclasses are the program's own slips.
            || e.getClass() == IllegalArgumentException.class;
    return mistake ? Whetstone.MISTAKE : Whetstone.FAILURE;
  }

  private static boolean isExplained(Exception e) {
    return e instanceof CheckpointWriteException
        || e instanceof TooManyAbsentException
        || e instanceof EmptyRoundException
        || e instanceof RunException
        || e instanceof HubException
        || e instanceof IOException
        || e instanceof UncheckedIOException
        || e instanceof ArithmeticException;
  }

  static String message(Exception e) {
    return switch (e) {
      case InterruptedException _ -> "interrupted";
      case UncheckedIOException io -> file(io.getCause());
      case IOException io -> file(io);
      default -> e.getMessage();
    };
  }

  /** A backend's says who holds the memory; the heap's says only that it is full. */
  static String message(OutOfMemoryError e) {
    String message = String.valueOf(e.getMessage());
    return message.startsWith("Java heap") || message.startsWith("GC overhead")
        ? "the Java heap is full: give it more with WHETSTONE_HEAP, as in WHETSTONE_HEAP=4g"
        : "out of memory: " + message;
  }

  /** A file system's exception often has nothing but the file's name as its message. */
  private static String file(IOException e) {
    return switch (e) {
      case java.nio.file.NoSuchFileException missing -> missing.getFile() + ": is not there";
      case java.nio.file.AccessDeniedException denied -> denied.getFile() + ": may not be used";
      case java.nio.file.FileSystemException other when other.getReason() == null ->
          other.getFile() + ": " + other.getClass().getSimpleName();
      default -> e.getMessage() == null ? e.toString() : e.getMessage();
    };
  }
}
