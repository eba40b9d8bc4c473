package io.whetstone.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.whetstone.checkpoints.Checkpoint;
import io.whetstone.trainer.algorithm.Interval;
import io.whetstone.trainer.evaluation.EvaluationRound;
import io.whetstone.trainer.evaluation.Measured;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A resumed run knows all that the checkpoint's run knew, evaluations included. */
class RunStateTest {
  @TempDir Path directory;

  private RunState readBack(RunState state) throws IOException {
    Checkpoint.writeProgress(directory, RunCheckpoints.json(state));
    return RunCheckpoints.state(new Checkpoint(directory, 12, OptionalDouble.empty()));
  }

  @Test
  void everythingIsReadBack() throws IOException {
    Measured measured =
        new Measured(
            3,
            1,
            Interval.wilson(1, 3),
            1 / 3.0,
            1 / 3.0,
            Double.NaN,
            0.1,
            Double.NaN,
            17.25,
            3.5,
            0,
            2);
    RunState state = new RunState();
    state.totals("sft").steps = 8;
    state.stage = 1;
    state.totals("grpo");
    state.step = 4;
    state.globalStep = 12;
    state.loop = JsonNodeFactory.instance.objectNode().put("tasks", 1L << 40);
    state.stages.getFirst().wallSeconds = 0.1 + 0.2;
    state.stages.getFirst().completionTokens = 1L << 40;
    state.before =
        new EvaluationRound(
            measured,
            measured,
            null,
            List.of(new EvaluationRound.Example("1+2=?", "<think>\n", "", "wrong")));
    state.logprobMismatchMax = 1e-9;
    state.wallSeconds = 1 / 3.0;
    state.records = Map.of("metrics.jsonl", 1L << 40);

    RunState read = readBack(state);
    assertEquals(RunCheckpoints.json(state), RunCheckpoints.json(read));
    assertEquals(state.before, read.before);
    assertEquals(state.records, read.records);
    assertEquals(1L << 40, read.loop.get("tasks").asLong());
    assertEquals(0.1 + 0.2, read.stages.getFirst().wallSeconds);
  }

  @Test
  void whatWasNotMeasuredStaysSo() throws IOException {
    RunState read = readBack(new RunState());
    assertEquals(Double.NaN, read.logprobMismatchMax);
    assertEquals(null, read.before);
    assertEquals(null, read.loop);
  }
}
