package io.whetstone.rewards.judge;

import java.util.Optional;

/**
 * What a judge is asked.
 *
 * @param system what it is told to be, where that is said apart
 * @param text the question
 * @param vote 0, 1, …: the same question asked again, to be answered anew
 */
public record Question(Optional<String> system, String text, int vote) {}
