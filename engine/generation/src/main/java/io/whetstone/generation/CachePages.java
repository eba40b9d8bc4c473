package io.whetstone.generation;

import io.whetstone.tensor.KvCache;
import java.util.Arrays;

/**
 * Who has which pages of the cache. A group shares its prompt's; a completion that gets a place
 * gets pages for its longest possible form, so a started one never runs out.
 *
 * <p>Pages that are given back are given out again at once: what the backend was asked to do with
 * them before comes first.
 */
final class CachePages implements AutoCloseable {
  private final KvCache cache;
  private final PagePool pool;
  private final int maxPositions;

  /** Takes the cache. */
  CachePages(KvCache cache, int maxPositions) {
    this.cache = cache;
    this.pool = new PagePool(cache.pages());
    this.maxPositions = maxPositions;
  }

  KvCache cache() {
    return cache;
  }

  /** Pages nobody has. */
  int free() {
    return pool.available();
  }

  void requireRoom(GenerationRequest request) {
    int length = request.prompt().length;
    if (length >= maxPositions) {
      throw new IllegalArgumentException(
          "the prompt has "
              + length
              + " tokens and the model "
              + maxPositions
              + " positions: no token can follow; shorten the prompt");
    }
    long pages = needed(request, 1);
    if (pages > cache.pages()) {
      throw new IllegalArgumentException(
          "a prompt of "
              + length
              + " tokens with up to "
              + request.stop().maxTokens()
              + " more needs "
              + pages
              + " cache pages of "
              + cache.pageSize()
              + " tokens, the cache"
              + " has "
              + cache.pages()
              + "; raise the cache's tokens or lower max-tokens");
    }
  }

  /** Pages of the prompt and of so many completions. */
  long needed(GenerationRequest request, int samples) {
    return ofPrompt(request) + (long) samples * own(request);
  }

  private int ofPrompt(GenerationRequest request) {
    return Math.ceilDiv(request.prompt().length, cache.pageSize());
  }

  /** Pages of a completion that it does not share: from the prompt's partial page on. */
  private int own(GenerationRequest request) {
    int length = request.prompt().length;
    // The last token drawn is never fed, so it needs no position.
    long positions = (long) length + request.stop().maxTokens() - 1;
    int longest = (int) Math.min(positions, maxPositions - 1);
    return Math.ceilDiv(longest, cache.pageSize()) - length / cache.pageSize();
  }

  /** Takes a prompt's pages. */
  Prompt prompt(GenerationRequest request) {
    int[] pages = new int[ofPrompt(request)];
    Arrays.setAll(pages, i -> pool.take());
    return new Prompt(request, pages);
  }

  /** Gives a sequence pages of its own behind its prompt's; false when there are not enough. */
  boolean place(Decoding sequence) {
    Prompt prompt = sequence.prompt;
    int own = own(prompt.request());
    boolean partial = prompt.length() % cache.pageSize() != 0;
    // The last sample takes the prompt's partial page over instead of copying it.
    boolean takesOver = partial && prompt.waiting == 1;
    if (pool.available() < own - (takesOver ? 1 : 0)) {
      return false;
    }
    int shared = prompt.length() / cache.pageSize();
    sequence.pages = Arrays.copyOf(prompt.pages, shared + own);
    for (int i = 0; i < shared; i++) {
      pool.share(prompt.pages[i]);
    }
    for (int i = shared; i < sequence.pages.length; i++) {
      boolean given = i == shared && takesOver;
      sequence.pages[i] = given ? prompt.pages[shared] : pool.take();
    }
    if (partial && !takesOver) {
      cache.copyPage(prompt.pages[shared], sequence.pages[shared]);
    }
    leavePrompt(prompt, takesOver);
    return true;
  }

  /** One completion less waits for the prompt; the last one lets its pages go. */
  private void leavePrompt(Prompt prompt, boolean partialGiven) {
    if (--prompt.waiting == 0) {
      int kept = partialGiven ? prompt.pages.length - 1 : prompt.pages.length;
      for (int i = 0; i < kept; i++) {
        pool.release(prompt.pages[i]);
      }
    }
  }

  /** Takes back the pages of a sequence that has ended. */
  void release(Decoding sequence) {
    if (sequence.pages == null) {
      leavePrompt(sequence.prompt, false);
    } else {
      for (int page : sequence.pages) {
        pool.release(page);
      }
    }
  }

  @Override
  public void close() {
    cache.close();
  }
}
