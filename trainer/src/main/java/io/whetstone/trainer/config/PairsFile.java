package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A JSONL file of preferences, a better completion a line and one worse one or several.
 *
 * <p>A prompt is text or a list of messages. A completion is text or a list of messages that ends
 * with the assistant's; what stands before that is the prompt, and must be the same for all of the
 * line. Where there is no prompt, completions are whole conversations.
 *
 * @param path the file
 * @param prompt the field that holds the prompt
 * @param chosen the field that holds the better completion
 * @param rejected the field that holds the worse one, or a list of several: each makes a pair
 * @param margin the field that says how much more the better one should be worth: a number, or one
 *     for each of several worse ones; left out: the stage's {@code margin} for all
 */
public record PairsFile(
    Path path,
    @Default(value = "\"prompt\"", source = "TRL's preference format") String prompt,
    @Default(value = "\"chosen\"", source = "TRL's preference format") String chosen,
    @Default(value = "\"rejected\"", source = "TRL's preference format") String rejected,
    Optional<String> margin) {}
