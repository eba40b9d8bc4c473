package io.whetstone.trainer.command;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Runs a configuration's stages. */
@Command(name = "train", mixinStandardHelpOptions = true, description = "Runs a configuration.")
final class TrainCommand implements Callable<Integer> {
  private final Console console;

  TrainCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    console.note("whetstone: train is not there yet");
    return Whetstone.MISTAKE;
  }
}
