package io.whetstone.generation;

import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.tokenizer.Tokenizer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Draws completions from a policy, many at a time.
 *
 * <pre>
 * requests → prefill (each prompt once) → first token of every sample
 *          → place (a copy of the prompt's last page, pages of its own)
 *          → decode (one row a sequence, all active ones together) → draw → ended? its place is free
 * </pre>
 *
 * <p>A finished sequence's place is taken by the next at once, so a step stays full until the queue
 * is empty. Pages for a completion's longest possible form are taken when it gets its place, so a
 * started completion never runs out. What is drawn depends on the request alone (its prompt, key
 * and settings), not on what shares the batch, where the backend is EXACT.
 *
 * <p>Not thread-safe. Memory: the cache, taken at construction, plus one step's activations and at
 * most {@value #LOGITS} logits.
 */
public final class Sampler implements AutoCloseable {
  /** Logits held at a time; more rows than fit are drawn in several rounds. */
  private static final int LOGITS = 8 << 20;

  private final Transformer policy;
  private final Tokenizer tokenizer;
  private final SamplerLimits limits;
  private final Backend backend;
  private final KvCache cache;
  private final PagePool pool;
  private final Workspace workspace;

  /** Settings that leave one token only, a vocabulary long: made once, few are alive. */
  private final Map<Forcing, Sampling> forcing = new HashMap<>();

  private long policyVersion;

  public Sampler(Transformer policy, Tokenizer tokenizer, SamplerLimits limits) {
    this.policy = policy;
    this.tokenizer = tokenizer;
    this.limits = limits;
    this.backend = policy.backend();
    int pageSize;
    try (KvCache probe = policy.kvCache(1)) {
      pageSize = probe.pageSize();
    }
    this.cache = policy.kvCache(Math.ceilDiv(limits.cacheTokens(), pageSize));
    this.pool = new PagePool(cache.pages());
    this.workspace = backend.workspace("sampler");
  }

  /** Names the weights that draw from now on; recorded in each completion. */
  public void publish(long version) {
    this.policyVersion = version;
  }

  /**
   * Completes every request.
   *
   * @return for each request, its completions in the order of their sample number
   * @throws IllegalArgumentException when a prompt leaves no position for a token, or cannot fit
   *     the cache even alone
   */
  public List<List<Completion>> generate(List<GenerationRequest> requests, TokenListener listener) {
    requests.forEach(this::requireRoom);
    Completion[][] done = new Completion[requests.size()][];
    Arrays.setAll(done, r -> new Completion[requests.get(r).samples()]);
    ArrayDeque<Decoding> waiting = new ArrayDeque<>();
    List<Decoding> active = new ArrayList<>();
    int next = 0;
    while (next < requests.size() || !waiting.isEmpty() || !active.isEmpty()) {
      place(waiting, active);
      if (waiting.isEmpty() && active.size() < limits.sequences() && next < requests.size()) {
        int until = admit(requests, next, active.size());
        if (until > next) {
          List<Decoding> drawn = prefill(requests, next, until, listener);
          next = until;
          for (Decoding sequence : drawn) {
            if (sequence.ended()) {
              finish(sequence, done);
            } else {
              waiting.add(sequence);
            }
          }
          continue;
        }
      }
      decode(active, listener);
      for (Decoding sequence : active) {
        if (sequence.ended()) {
          finish(sequence, done);
        }
      }
      active.removeIf(Decoding::ended);
    }
    forcing.clear();
    return Arrays.stream(done).map(List::of).toList();
  }

  /** Pages of the cache. */
  int pages() {
    return cache.pages();
  }

  /** Pages nobody has; all of them between calls of {@link #generate}. */
  int freePages() {
    return pool.available();
  }

  private void requireRoom(GenerationRequest request) {
    int length = request.prompt().length;
    int positions = policy.config().maxPositions();
    if (length >= positions) {
      throw new IllegalArgumentException(
          "the prompt has "
              + length
              + " tokens and the model "
              + positions
              + " positions: no token can follow; shorten the prompt");
    }
    int pages = promptPages(request) + ownPages(request);
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

  private int promptPages(GenerationRequest request) {
    return Math.ceilDiv(request.prompt().length, cache.pageSize());
  }

  /** Pages of a completion that it does not share: from the prompt's partial page on. */
  private int ownPages(GenerationRequest request) {
    int length = request.prompt().length;
    // The last token drawn is never fed, so it needs no position.
    long positions = (long) length + request.stop().maxTokens() - 1;
    int longest = (int) Math.min(positions, policy.config().maxPositions() - 1);
    return Math.ceilDiv(longest, cache.pageSize()) - length / cache.pageSize();
  }

  /** How many requests from {@code next} on fit beside what is active: returns the end. */
  private int admit(List<GenerationRequest> requests, int next, int active) {
    int places = limits.sequences() - active;
    long pages = pool.available();
    int rows = limits.prefillRows();
    int until = next;
    while (until < requests.size() && places > 0) {
      GenerationRequest request = requests.get(until);
      // The first needs room for one completion: the others of its group can wait for places.
      int samples = until == next ? 1 : request.samples();
      if (pages < promptPages(request) + (long) samples * ownPages(request)) {
        break;
      }
      if (until > next && rows < request.prompt().length) {
        break;
      }
      pages -= promptPages(request) + (long) request.samples() * ownPages(request);
      places -= request.samples();
      rows -= request.prompt().length;
      until++;
    }
    return until;
  }

  /** Computes the prompts of requests {@code [from, until)} and draws each sample's first token. */
  private List<Decoding> prefill(
      List<GenerationRequest> requests, int from, int until, TokenListener listener) {
    List<Prompt> prompts = new ArrayList<>();
    for (GenerationRequest request : requests.subList(from, until)) {
      int[] pages = new int[promptPages(request)];
      Arrays.setAll(pages, i -> pool.take());
      prompts.add(new Prompt(request, pages));
    }
    Rows rows = new Rows(prompts.stream().mapToInt(Prompt::length).sum(), prompts.size());
    for (int p = 0; p < prompts.size(); p++) {
      Prompt prompt = prompts.get(p);
      rows.sequence(p, prompt.pages);
      for (int position = 0; position < prompt.length(); position++) {
        rows.add(prompt.request().prompt()[position], position, p, cache.pageSize());
      }
    }
    List<Decoding> drawn = new ArrayList<>();
    int prompt = 0;
    int endOfPrompt = prompts.isEmpty() ? 0 : prompts.getFirst().length();
    for (int start = 0; start < rows.count(); start += limits.prefillRows()) {
      int end = Math.min(rows.count(), start + limits.prefillRows());
      workspace.reset();
      Tensor hidden = forward(rows, start, end);
      List<Decoding> sequences = new ArrayList<>();
      List<Integer> hiddenRows = new ArrayList<>();
      while (prompt < prompts.size() && endOfPrompt <= end) {
        for (int sample = 0; sample < prompts.get(prompt).request().samples(); sample++) {
          sequences.add(new Decoding(from + prompt, sample, prompts.get(prompt), tokenizer));
          hiddenRows.add(endOfPrompt - 1 - start);
        }
        prompt++;
        endOfPrompt += prompt < prompts.size() ? prompts.get(prompt).length() : 0;
      }
      draw(hidden, hiddenRows.stream().mapToInt(Integer::intValue).toArray(), sequences, listener);
      drawn.addAll(sequences);
    }
    return drawn;
  }

  /** Gives waiting sequences a place and pages, in order, as far as both go. */
  private void place(ArrayDeque<Decoding> waiting, List<Decoding> active) {
    while (!waiting.isEmpty() && active.size() < limits.sequences()) {
      Prompt prompt = waiting.peek().prompt;
      int own = ownPages(prompt.request());
      boolean partial = prompt.length() % cache.pageSize() != 0;
      // The last sample takes the prompt's partial page over instead of copying it.
      boolean takesOver = partial && prompt.waiting == 1;
      if (pool.available() < own - (takesOver ? 1 : 0)) {
        return;
      }
      Decoding sequence = waiting.poll();
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
      active.add(sequence);
    }
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

  /** One token more for every active sequence. */
  private void decode(List<Decoding> active, TokenListener listener) {
    if (active.isEmpty()) {
      return;
    }
    Rows rows = new Rows(active.size(), active.size());
    for (int s = 0; s < active.size(); s++) {
      Decoding sequence = active.get(s);
      rows.sequence(s, sequence.pages);
      rows.add(sequence.lastId(), sequence.lastPosition(), s, cache.pageSize());
    }
    workspace.reset();
    Tensor hidden = forward(rows, 0, rows.count());
    int[] hiddenRows = new int[active.size()];
    Arrays.setAll(hiddenRows, s -> s);
    draw(hidden, hiddenRows, active, listener);
  }

  private Tensor forward(Rows rows, int start, int end) {
    return policy.forwardCached(
        Arrays.copyOfRange(rows.ids, start, end),
        Arrays.copyOfRange(rows.positions, start, end),
        Arrays.copyOfRange(rows.slots, start, end),
        rows.cached(start, end),
        cache,
        workspace);
  }

  /** Draws the next token of each sequence from its hidden row; neighbours may share a row. */
  private void draw(
      Tensor hidden, int[] hiddenRows, List<Decoding> sequences, TokenListener listener) {
    int chunk = Math.max(1, LOGITS / policy.config().vocabulary());
    for (int from = 0; from < hiddenRows.length; from += chunk) {
      int until = Math.min(hiddenRows.length, from + chunk);
      long mark = workspace.mark();
      Tensor logits = logits(hidden, Arrays.copyOfRange(hiddenRows, from, until));
      int n = until - from;
      Sampling[] settings = new Sampling[n];
      double[] uniforms = new double[n];
      for (int i = 0; i < n; i++) {
        settings[i] = sampling(sequences.get(from + i));
        uniforms[i] = sequences.get(from + i).uniform();
      }
      int[] tokens = new int[n];
      float[] logprobs = new float[n];
      backend.sample(logits, settings, uniforms, tokens, logprobs);
      for (int i = 0; i < n; i++) {
        Decoding sequence = sequences.get(from + i);
        sequence.append(tokens[i], logprobs[i], policy.config().maxPositions());
        sequence.tell(listener);
      }
      workspace.release(mark);
    }
  }

  /** How the sequence's next token is drawn; where it is given, nothing else can be. */
  private Sampling sampling(Decoding sequence) {
    Sampling asked = sequence.prompt.request().sampling();
    int forced = sequence.forced();
    return forced == Thought.DRAW
        ? asked
        : forcing.computeIfAbsent(
            new Forcing(asked.temperature(), forced),
            f -> Sampling.only(f.id, policy.config().vocabulary(), f.temperature));
  }

  /** Logits of the given hidden rows; a row that neighbours share is computed once. */
  private Tensor logits(Tensor hidden, int[] rows) {
    int[] distinct = new int[rows.length];
    int[] expand = new int[rows.length];
    int count = 0;
    for (int i = 0; i < rows.length; i++) {
      if (count == 0 || distinct[count - 1] != rows[i]) {
        distinct[count++] = rows[i];
      }
      expand[i] = count - 1;
    }
    if (count == rows.length && count == hidden.rows()) {
      return policy.logits(hidden, workspace); // all of them, in order: rows never go back
    }
    Tensor gathered = workspace.tensor(policy.compute(), count, policy.config().hidden());
    backend.gatherRows(hidden, Arrays.copyOf(distinct, count), gathered);
    Tensor logits = policy.logits(gathered, workspace);
    if (count == rows.length) {
      return logits;
    }
    Tensor expanded = workspace.tensor(DType.F32, rows.length, policy.config().vocabulary());
    backend.gatherRows(logits, expand, expanded);
    return expanded;
  }

  private void finish(Decoding sequence, Completion[][] done) {
    done[sequence.request][sequence.sample] = sequence.completion(policyVersion);
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
    workspace.close();
  }

  /** A token that is put in, and the temperature at which its logprob is taken. */
  private record Forcing(float temperature, int id) {}

  /** The rows of one forward pass, gathered one by one. */
  private static final class Rows {
    final int[] ids;
    final int[] positions;
    final int[] slots;
    private final int[][] pages;
    private final int[] sequence;
    private final int[] length;
    private int count;

    Rows(int rows, int sequences) {
      ids = new int[rows];
      positions = new int[rows];
      slots = new int[rows];
      pages = new int[sequences][];
      sequence = new int[rows];
      length = new int[rows];
    }

    void sequence(int index, int[] itsPages) {
      pages[index] = itsPages;
    }

    void add(int id, int position, int index, int pageSize) {
      ids[count] = id;
      positions[count] = position;
      slots[count] = pages[index][position / pageSize] * pageSize + position % pageSize;
      sequence[count] = index;
      length[count++] = position + 1;
    }

    int count() {
      return count;
    }

    CachedRows cached(int start, int end) {
      return new CachedRows(
          pages, Arrays.copyOfRange(sequence, start, end), Arrays.copyOfRange(length, start, end));
    }
  }
}
