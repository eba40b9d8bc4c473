package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import java.nio.file.Path;

/**
 * A JSONL file of preferences, a pair a line.
 *
 * @param path the file
 * @param prompt the field that holds the prompt
 * @param chosen the field that holds the better completion
 * @param rejected the field that holds the worse one
 */
public record PairsFile(
    Path path,
    @Default(value = "\"prompt\"", source = "TRL's preference format") String prompt,
    @Default(value = "\"chosen\"", source = "TRL's preference format") String chosen,
    @Default(value = "\"rejected\"", source = "TRL's preference format") String rejected) {}
