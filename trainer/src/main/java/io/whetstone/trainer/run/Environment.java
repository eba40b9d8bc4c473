package io.whetstone.trainer.run;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Where and how a run was started: {@code environment.json}.
 *
 * @param started when
 * @param whetstone version
 * @param commit of the repository Whetstone runs from, with {@code -dirty} where files differ from
 *     it; null where that is not known
 * @param java version
 * @param virtualMachine name and version
 * @param system operating system
 * @param architecture the processor's
 * @param processor its name
 * @param processors how many this process may use
 * @param memoryBytes of the machine
 * @param backend the engine's backend, in its own words, instruction set included
 * @param seed the run's
 * @param command the command line
 */
public record Environment(
    String started,
    String whetstone,
    String commit,
    String java,
    @JsonProperty("virtual-machine") String virtualMachine,
    String system,
    String architecture,
    String processor,
    int processors,
    @JsonProperty("memory-bytes") long memoryBytes,
    String backend,
    long seed,
    List<String> command) {

  private static final ObjectMapper JSON = new ObjectMapper();

  public Environment {
    command = List.copyOf(command);
  }

  /** This process's. */
  public static Environment here(String backend, long seed, List<String> command) {
    return new Environment(
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
        Build.version(),
        Build.commit(),
        System.getProperty("java.version"),
        System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("os.arch"),
        Machine.processor(),
        Runtime.getRuntime().availableProcessors(),
        Machine.memoryBytes(),
        backend,
        seed,
        command);
  }

  /** Writes it for a new run. */
  public void begin(RunDirectory run) {
    write(run, JSON.valueToTree(this));
  }

  /**
   * Adds it to an earlier run's, under {@code resumed}.
   *
   * @return what differs from where the run was started and can change bits, in plain words; empty
   *     where nothing does
   */
  public List<String> resume(RunDirectory run) {
    if (!Files.exists(run.environment())) {
      begin(run);
      return List.of(run.environment() + " is gone, so where the run was begun is not known");
    }
    ObjectNode all;
    try {
      all = (ObjectNode) JSON.readTree(Files.readAllBytes(run.environment()));
    } catch (IOException | ClassCastException e) {
      throw RunException.mistake(
          run.environment()
              + ": cannot be read: "
              + RunException.reason(e)
              + "; delete it to go on",
          e);
    }
    ObjectNode now = JSON.valueToTree(this);
    List<String> differences = new ArrayList<>();
    for (String key :
        List.of("whetstone", "commit", "java", "architecture", "processor", "backend")) {
      String before = text(all.get(key));
      if (!Objects.equals(before, text(now.get(key)))) {
        differences.add(key + " was " + before + " and is " + text(now.get(key)));
      }
    }
    ArrayNode resumed = all.withArrayProperty("resumed");
    resumed.add(now);
    write(run, all);
    return differences;
  }

  private static String text(JsonNode node) {
    return node == null || node.isNull() ? "not known" : node.asText();
  }

  private static void write(RunDirectory run, JsonNode environment) {
    ReplacedFile.write(
        run.environment(),
        true,
        out -> {
          out.write(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(environment));
          out.write('\n');
        });
  }
}
