package io.whetstone.generation;

/** A prompt whose keys and values are cached, shared by the completions drawn from it. */
final class Prompt {
  private final GenerationRequest request;

  /** The prompt's pages by position; the last one may be only partly the prompt's. */
  final int[] pages;

  /** Completions that have not got their own pages yet. */
  int waiting;

  Prompt(GenerationRequest request, int[] pages) {
    this.request = request;
    this.pages = pages;
    this.waiting = request.samples();
  }

  GenerationRequest request() {
    return request;
  }

  int length() {
    return request.prompt().length;
  }
}
