package io.whetstone.rewards.judge;

import java.util.Map;

/**
 * Makes what answers a judge's questions. Found by {@link java.util.ServiceLoader}, so that the
 * rewards need not know the engine.
 */
public interface AnswererProvider {

  /** The key of a judge's settings that asks for it: {@code endpoint}, {@code model}. */
  String key();

  /**
   * Makes it, without asking it anything yet.
   *
   * @param settings what stands under the key
   * @throws IllegalArgumentException if a setting is unknown or impossible; {@code key: …}
   */
  Answerer open(Map<String, Object> settings);
}
