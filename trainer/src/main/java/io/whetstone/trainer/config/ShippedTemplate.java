package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Names;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The prompt templates for base models that the field uses, by name. */
public enum ShippedTemplate {
  /** The task's prompt and nothing else: "no template" in Dr. GRPO, Liu et al. 2025, §2.2. */
  PLAIN("{prompt}", ""),

  /** R1-Zero's own: DeepSeek-R1, Guo et al. 2025, table 1. The model opens its thought itself. */
  R1_ZERO(
      "A conversation between User and Assistant. The user asks a question, and the Assistant"
          + " solves it. The assistant first thinks about the reasoning process in the mind and"
          + " then provides the user with the answer. The reasoning process and answer are enclosed"
          + " within <think> </think> and <answer> </answer> tags, respectively, i.e., <think>"
          + " reasoning process here </think> <answer> answer here </answer>. User: {prompt}."
          + " Assistant:",
      ""),

  /**
   * The same with lines of their own and the thought opened, which a small base model needs: the
   * "R1 template" of Dr. GRPO, Liu et al. 2025, §2.2.
   */
  R1_ZERO_OPENED(
      "A conversation between User and Assistant. The User asks a question, and the Assistant"
          + " solves it. The Assistant first thinks about the reasoning process in the mind and"
          + " then provides the User with the answer. The reasoning process is enclosed within"
          + " <think> </think> and answer is enclosed within <answer> </answer> tags, respectively,"
          + " i.e., <think> reasoning process here </think> <answer> answer here </answer>.\n"
          + "User: {prompt}\n"
          + "Assistant: ",
      "<think>"),

  /** Qwen2.5-Math's: the "Qwen-Math template" of Dr. GRPO, Liu et al. 2025, §2.2. */
  QWEN_BOXED(
      "<|im_start|>system\nPlease reason step by step, and put your final answer within"
          + " \\boxed{}.<|im_end|>\n<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n",
      ""),

  /** What lm-evaluation-harness asks GSM8K with. */
  QUESTION_ANSWER("Question: {prompt}\nAnswer:", "");

  /** Stands for the task's prompt. */
  public static final String SLOT = "{prompt}";

  private final String text;
  private final String assistantPrefix;

  ShippedTemplate(String text, String assistantPrefix) {
    this.text = text;
    this.assistantPrefix = assistantPrefix;
  }

  /** The text, with {@code {prompt}} in it. */
  public String text() {
    return text;
  }

  /** What it says on the assistant's behalf, after the text. */
  public String assistantPrefix() {
    return assistantPrefix;
  }

  /** By its name in a configuration. */
  public static Optional<ShippedTemplate> of(String name) {
    return Arrays.stream(values()).filter(t -> Names.kebab(t.name()).equals(name)).findFirst();
  }

  /** The names, as a configuration writes them. */
  public static List<String> names() {
    return Arrays.stream(values()).map(t -> Names.kebab(t.name())).toList();
  }
}
