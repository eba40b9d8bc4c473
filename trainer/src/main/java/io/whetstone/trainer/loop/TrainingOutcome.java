package io.whetstone.trainer.loop;

import java.util.Optional;

/**
 * How a run ended.
 *
 * @param interrupted who asked it to end before its last step; empty when all steps are done
 * @param verdict in plain words what it came to; empty when it is not done or measured nothing
 */
public record TrainingOutcome(Optional<String> interrupted, Optional<String> verdict) {}
