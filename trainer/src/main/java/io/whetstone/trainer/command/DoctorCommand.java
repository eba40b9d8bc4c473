package io.whetstone.trainer.command;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.BackendProvider;
import io.whetstone.tensor.Backends;
import io.whetstone.trainer.config.Configuration;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says what would go wrong before it does. */
@Command(
    name = "doctor",
    description = {
      "The machine and its backends; with a configuration, all that can be checked without"
          + " training: keys, paths, data, prompts, rewards, memory.",
      "Ends with code 2 when something would go wrong."
    })
final class DoctorCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(paramLabel = "CONFIG", arity = "0..1", description = "A configuration to check.")
  private Optional<Path> file;

  @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Change a key, as in train.")
  private List<String> overrides = new ArrayList<>();

  DoctorCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Findings findings = Findings.printed(console);
    machine(findings);
    backends(findings);
    if (file.isPresent()) {
      findings.section(file.get().toString());
      Configuration configuration = Configuration.load(file.get(), overrides);
      ConfigurationCheck check = new ConfigurationCheck(configuration.experiment(), findings, true);
      check.run();
      if (check.disk().isPresent()) {
        check.disk().get().report(Path.of("runs"), findings);
      }
    }
    findings.verdict();
    return findings.problems().isEmpty() ? Whetstone.DONE : Whetstone.MISTAKE;
  }

  private static void machine(Findings findings) throws IOException {
    findings.section("machine");
    findings.say(
        "java",
        System.getProperty("java.vendor.version", System.getProperty("java.vendor"))
            + ", "
            + Runtime.version()
            + ", "
            + System.getProperty("java.home"));
    findings.say(
        "system",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + ", "
            + System.getProperty("os.arch"));
    findings.say("processors", String.valueOf(Runtime.getRuntime().availableProcessors()));
    if (!multipliesAndAdds()) {
      findings.problem(
          "processors: have no fused multiply-add (FMA): exact arithmetic is done in software,"
              + " hundreds of times slower; use a processor with FMA (x86 since 2013, any ARM64)");
    }
    long heap = Runtime.getRuntime().maxMemory();
    findings.say(
        "memory",
        Findings.bytes(physicalMemory())
            + ", of which the Java heap takes at most "
            + Findings.bytes(heap));
    Path here = Path.of("").toAbsolutePath();
    long free = Files.getFileStore(here).getUsableSpace();
    findings.say("disk", Findings.bytes(free) + " free at " + here);
    if (free < 1L << 30) {
      findings.problem("disk: less than 1 GiB is free for runs/ and its checkpoints");
    }
    if (!Files.isWritable(here)) {
      findings.problem("disk: " + here + " cannot be written, and runs/ would go there");
    }
  }

  /** Whether the JVM uses the processor's fused multiply-add; true where it does not say. */
  private static boolean multipliesAndAdds() {
    try {
      return Boolean.parseBoolean(
          ManagementFactory.getPlatformMXBean(com.sun.management.HotSpotDiagnosticMXBean.class)
              .getVMOption("UseFMA")
              .getValue());
    } catch (RuntimeException e) {
      return true;
    }
  }

  static long physicalMemory() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getTotalMemorySize()
        : 0;
  }

  private static void backends(Findings findings) {
    findings.section("backends");
    boolean any = false;
    for (BackendProvider provider : Backends.all()) {
      Optional<String> why = provider.unavailable();
      if (why.isPresent()) {
        findings.say(provider.name(), "cannot run here: " + why.get());
        continue;
      }
      any = true;
      try (Backend backend = provider.open(0)) {
        findings.say(
            provider.name(), backend.description() + "; " + backend.capabilities().toString());
      }
    }
    if (!any) {
      findings.problem("backends: none can run on this machine");
    }
  }
}
