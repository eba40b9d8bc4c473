package io.whetstone.trainer.rollout;

/**
 * What the model reads for a task.
 *
 * @param text all of it
 * @param assistantPrefix its end, where that already speaks for the assistant: {@code <think>\n}
 *     where a template opens the thought, {@code <think>\n\n</think>\n\n} where Qwen3 is not to
 *     think
 */
public record RenderedPrompt(String text, String assistantPrefix) {}
