package io.whetstone.trainer.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.model.FrozenTypes;
import io.whetstone.tensor.Backend;
import io.whetstone.trainer.benchmark.Benchmark;
import io.whetstone.trainer.benchmark.Measurement;
import io.whetstone.trainer.benchmark.Repetitions;
import io.whetstone.trainer.benchmark.Row;
import io.whetstone.trainer.config.Quantization;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The speed of this machine. */
@Command(
    name = "bench",
    description = {
      "The speed of this machine with Whetstone, on two shapes of model with random weights:",
      "tiny (1.67 M parameters) and qwen-0.5b (494 M parameters, Qwen2.5-0.5B's shape).",
      "A row's value is its best repetition; anything else that runs here makes it worthless."
    })
final class BenchCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Console console;

  @Parameters(
      arity = "0..1",
      paramLabel = "NAME",
      description = "A row, such as tiny/grpo-step, or a shape: tiny, qwen-0.5b. Left out: all.")
  private String name;

  @Option(names = "--json", description = "A line of JSON a row.")
  private boolean json;

  @Option(
      names = "--warm-up",
      paramLabel = "SECONDS",
      defaultValue = "15",
      description = "How long a row's work is repeated before it is timed (${DEFAULT-VALUE}).")
  private double warmUp;

  @Option(
      names = "--repeat",
      paramLabel = "N",
      defaultValue = "5",
      description = "How often it is timed (${DEFAULT-VALUE}).")
  private int repeat;

  @Option(
      names = "--quantize",
      paramLabel = "TYPE",
      description = {
        "q8_0, q6_k or q4_k: how matrices are held that are not trained;",
        "rows that train them are left out then."
      })
  private Optional<Quantization> quantize;

  @Mixin private EngineOptions engine;

  BenchCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    List<Row> rows = rows();
    if (!(warmUp >= 0 && warmUp < 3600)) {
      throw new UsageException("--warm-up: " + warmUp + " is not in [0, 3600)");
    }
    if (repeat < 1) {
      throw new UsageException("--repeat: " + repeat + " is not at least 1");
    }
    Repetitions repetitions = new Repetitions(Duration.ofMillis((long) (warmUp * 1000)), repeat);
    try (Backend backend = engine.open()) {
      console.note(backend.description());
      for (List<Row> together : models(rows)) {
        Row first = together.getFirst();
        try (Benchmark benchmark =
            new Benchmark(
                first.workload(),
                first.work(),
                backend,
                engine.compute(),
                frozen(),
                first.trains(),
                repetitions)) {
          for (Row row : together) {
            print(row, benchmark.run(row));
          }
        }
      }
    }
    return Whetstone.DONE;
  }

  private FrozenTypes frozen() {
    return quantize.map(Quantization::dtype).map(FrozenTypes::all).orElse(FrozenTypes.NONE);
  }

  private List<Row> rows() {
    List<Row> rows =
        named().stream().filter(row -> quantize.isEmpty() || !row.trainsWeights()).toList();
    if (rows.isEmpty()) {
      throw new UsageException(
          "--quantize: "
              + name
              + " trains the weights themselves, which are not quantised then;"
              + " rows that do not: "
              + Stream.of(Row.values())
                  .filter(row -> !row.trainsWeights())
                  .map(Row::title)
                  .collect(Collectors.joining(", ")));
    }
    return rows;
  }

  private List<Row> named() {
    if (name == null) {
      return List.of(Row.values());
    }
    List<Row> rows = Row.named(name);
    if (rows.isEmpty()) {
      throw new UsageException(
          name
              + ": is no row; there are tiny, qwen-0.5b, "
              + String.join(", ", List.of(Row.values()).stream().map(Row::title).toList()));
    }
    return rows;
  }

  /** Rows that follow one another on one model: gradients take memory only where rows train. */
  private static List<List<Row>> models(List<Row> rows) {
    List<List<Row>> models = new ArrayList<>();
    for (Row row : rows) {
      if (models.isEmpty() || !row.sharesModelWith(models.getLast().getFirst())) {
        models.add(new ArrayList<>());
      }
      models.getLast().add(row);
    }
    return models;
  }

  private void print(Row row, Measurement measured) throws IOException {
    String unit = measured.unit().text();
    if (json) {
      ObjectNode line = JSON.createObjectNode();
      line.put("name", row.title()).put("value", measured.best()).put("unit", unit);
      line.put("median", measured.median());
      console.result(JSON.writeValueAsString(line));
    } else {
      console.result(
          String.format(
              Locale.ROOT,
              "%-26s %10s %-6s (median %s)",
              row.title(),
              digits(measured.best()),
              unit,
              digits(measured.median())));
    }
    console.flush();
  }

  /** Four digits: no machine is steadier than that. */
  private static String digits(double value) {
    int decimals = value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : 3;
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }
}
