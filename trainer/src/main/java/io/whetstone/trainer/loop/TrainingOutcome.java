package io.whetstone.trainer.loop;

import java.util.Optional;

/**
 * How a run ended.
 *
 * @param interrupted who asked it to end before its last step; empty when all steps are done
 */
public record TrainingOutcome(Optional<String> interrupted) {}
