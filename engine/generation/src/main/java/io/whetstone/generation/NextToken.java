package io.whetstone.generation;

/**
 * The token that a row of a step draws for a sequence. It was asked for when the step was queued,
 * perhaps before the token ahead of it was known: then that was taken to be neither the last nor
 * one that is taken back or that another has to follow.
 *
 * @param row in its step
 * @param index of the token in the completion
 * @param forced the id that is put in, or {@link Thought#DRAW}
 * @param fed the token ahead of it, or what stands for that while it is being drawn
 */
record NextToken(Decoding sequence, int row, int index, int forced, int fed) {
  /** Whether the sequence has become what it was taken to be: else nobody wants this token. */
  boolean wanted() {
    return sequence.awaits(index, forced);
  }

  /** The position of the token that is fed. */
  int position() {
    return sequence.prompt.length() + index - 1;
  }
}
