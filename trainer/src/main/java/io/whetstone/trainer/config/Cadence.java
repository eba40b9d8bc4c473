package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;

/**
 * What a stage does every so many steps; its keys stand among the stage's.
 *
 * @param checkpointEvery steps between checkpoints; 0 for one at the stage's end only
 * @param evaluateEvery steps between evaluations; 0 for before and after the stage only
 */
public record Cadence(
    @ResultNeutral @Default(value = "100", source = "minutes of work at most are lost")
        int checkpointEvery,
    @Default(value = "0", source = "before and after") int evaluateEvery) {

  public Cadence {
    Range.atLeast("checkpoint-every", checkpointEvery, 0);
    Range.atLeast("evaluate-every", evaluateEvery, 0);
  }
}
