package io.whetstone.generation;

/** Lends pages of a key/value cache, counting who shares them. */
final class PagePool {
  private final int[] references;
  private final int[] free;
  private int freeCount;

  PagePool(int pages) {
    references = new int[pages];
    free = new int[pages];
    for (int i = 0; i < pages; i++) {
      free[i] = pages - 1 - i;
    }
    freeCount = pages;
  }

  int available() {
    return freeCount;
  }

  /** Takes a page that nobody has. */
  int take() {
    if (freeCount == 0) {
      throw new IllegalStateException("no page is free: admission must reserve first");
    }
    int page = free[--freeCount];
    references[page] = 1;
    return page;
  }

  /** One more sequence reads the page. */
  void share(int page) {
    if (references[page] == 0) {
      throw new IllegalStateException("page " + page + " is free and cannot be shared");
    }
    references[page]++;
  }

  /** One sequence less; the last one frees the page. */
  void release(int page) {
    if (references[page] == 0) {
      throw new IllegalStateException("page " + page + " is free already");
    }
    if (--references[page] == 0) {
      free[freeCount++] = page;
    }
  }
}
