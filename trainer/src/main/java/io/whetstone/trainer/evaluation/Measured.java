package io.whetstone.trainer.evaluation;

import io.whetstone.trainer.algorithm.Interval;

/**
 * What one round over a set of tasks showed.
 *
 * @param tasks how many tasks
 * @param samples completions a task
 * @param passAt1 share of completions that are right, with its 95 % interval over tasks
 * @param passAtK chance that one of the task's completions is right, k = samples
 * @param majorityAtK share of tasks whose most frequent answer is right, k = samples
 * @param format share of completions in the strict format; NaN where no such reward is there
 * @param thinks share of completions with a non-empty thought
 * @param accuracyThinking share of right ones among those that think; NaN where none does
 * @param lengthMean tokens a completion
 * @param thoughtLengthMean tokens a thought, over all completions
 * @param truncated share of completions that did not come to their own end
 * @param failed completions whose deciding reward failed: in no share of right ones
 */
public record Measured(
    int tasks,
    int samples,
    Interval passAt1,
    double passAtK,
    double majorityAtK,
    double format,
    double thinks,
    double accuracyThinking,
    double lengthMean,
    double thoughtLengthMean,
    double truncated,
    int failed) {}
