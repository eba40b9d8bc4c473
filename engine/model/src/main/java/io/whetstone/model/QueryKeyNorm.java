package io.whetstone.model;

/** RMSNorm of queries and keys before they are rotated. */
public enum QueryKeyNorm {
  NONE,
  /** Each head by itself, one weight for all query heads and one for all key heads: Qwen3. */
  HEAD,
  /** All query heads together and all key heads together: OLMo 2. */
  PROJECTION
}
