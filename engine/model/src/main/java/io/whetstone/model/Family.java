package io.whetstone.model;

/**
 * Whose published form a model has. It decides how weights and {@code config.json} are named, never
 * what is computed: that is said by {@link Architecture} and {@link LayerForm}.
 */
public enum Family {
  /** Llama 2 and 3, SmolLM2. */
  LLAMA,
  /** Qwen2 and Qwen2.5. */
  QWEN2,
  QWEN3,
  MISTRAL,
  GEMMA2,
  /** The text model of Gemma 3. */
  GEMMA3,
  /** Phi-3 and Phi-4: query, key and value are one stored tensor, so are gate and up. */
  PHI3,
  OLMO2,
  SMOLLM3
}
