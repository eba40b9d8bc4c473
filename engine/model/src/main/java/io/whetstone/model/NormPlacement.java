package io.whetstone.model;

/** Where a block normalises: x + after(f(before(x))), with one of the two norms or both. */
public enum NormPlacement {
  /** x + f(norm(x)): Llama, Qwen, Mistral, Phi-3. */
  BEFORE(true, false),
  /** x + norm(f(x)): OLMo 2. */
  AFTER(false, true),
  /** x + norm(f(norm(x))): Gemma 2 and 3. */
  AROUND(true, true);

  private final boolean before;
  private final boolean after;

  NormPlacement(boolean before, boolean after) {
    this.before = before;
    this.after = after;
  }

  /** Whether what goes into attention and feed-forward is normalised. */
  public boolean before() {
    return before;
  }

  /** Whether what comes out of them is normalised. */
  public boolean after() {
    return after;
  }
}
