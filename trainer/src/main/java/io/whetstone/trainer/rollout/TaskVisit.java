package io.whetstone.trainer.rollout;

import io.whetstone.datasets.Task;

/**
 * A task as it comes up in a stage.
 *
 * @param task what is asked
 * @param index its place in its source
 * @param visit how often the stage met it before: a task met again draws anew
 */
public record TaskVisit(Task task, long index, long visit) {}
