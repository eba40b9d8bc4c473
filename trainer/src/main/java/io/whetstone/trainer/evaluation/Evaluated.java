package io.whetstone.trainer.evaluation;

import io.whetstone.trainer.rollout.ScoredRollout;
import java.util.List;

/** What was measured, and every completion it was measured on. */
public record Evaluated(Measured measured, List<ScoredRollout> rollouts) {}
