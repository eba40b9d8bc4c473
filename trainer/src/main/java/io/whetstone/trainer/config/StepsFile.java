package io.whetstone.trainer.config;

import io.whetstone.rewards.models.StepLabels;
import java.nio.file.Path;

/**
 * A JSONL file of solutions with labelled steps.
 *
 * @param path the file
 * @param format whose format it has
 */
public record StepsFile(Path path, StepLabels.Format format) {}
