package io.whetstone.datasets;

import java.util.Optional;

/**
 * Which columns of a row make a task: exactly one of {@code prompt} and {@code messages}, and what
 * else there is. {@code a.b} names the column {@code a.b}, else the field {@code b} of column
 * {@code a}.
 *
 * @param prompt the column that holds the prompt, or a template such as {@code {question} Answer
 *     with a number.}; {@code {{} and {@code }}} stand for braces
 * @param messages the column that holds a conversation, a list of {@code {role, content}}. What is
 *     asked are the messages before the assistant's last one; rows in which the assistant speaks
 *     are demonstrations too
 * @param tools the column that describes the tools of a conversation
 * @param answer where the gold answer is; without it tasks have none
 * @param completion the column that holds a completion to learn from; without it, and without
 *     messages, there are no demonstrations
 * @param id the column that names a task; without it the name is {@code FILE:LINE}
 * @param difficulty the column that says how hard a task is, larger is harder: a number, or text
 *     that holds one, as in {@code Level 3}
 */
public record Columns(
    Optional<String> prompt,
    Optional<String> messages,
    Optional<String> tools,
    Optional<AnswerColumn> answer,
    Optional<String> completion,
    Optional<String> id,
    Optional<String> difficulty) {

  public Columns {
    if (prompt.isEmpty() && messages.isEmpty()) {
      throw new IllegalArgumentException("prompt: is missing; expected text, or messages instead");
    }
    if (prompt.isPresent() && messages.isPresent()) {
      throw new IllegalArgumentException("messages: given with prompt; expected one of the two");
    }
    if (messages.isPresent() && completion.isPresent()) {
      throw new IllegalArgumentException(
          "completion: given with messages, whose assistant turns are learned; leave it out");
    }
    if (tools.isPresent() && messages.isEmpty()) {
      throw new IllegalArgumentException("tools: given without messages; expected both");
    }
    prompt.ifPresent(PromptTemplate::parse);
  }

  /** Whether rows may hold something to learn from. */
  boolean demonstrate() {
    return completion.isPresent() || messages.isPresent();
  }
}
