package io.whetstone.generation;

import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.DrawnTokens;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.tokenizer.Tokenizer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
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
 * is empty. What is drawn depends on the request alone (its prompt, key and settings), not on what
 * shares the batch, where the backend is EXACT.
 *
 * <p>Where the backend draws while the host goes on, a step is queued before the tokens of the one
 * before it are looked at, which it embeds where they are drawn. A sequence is taken to go on;
 * where it has ended, or a {@link ThinkingBudget} asks for something else, that row is thrown away.
 *
 * <p>Not thread-safe. Memory: the cache, taken at construction, plus one step's activations and as
 * many logits as {@link SamplerLimits#logits} says; twice that where the samples of a group begin.
 */
public final class Sampler implements AutoCloseable {
  private final Transformer policy;
  private final Tokenizer tokenizer;
  private final SamplerLimits limits;
  private final Backend backend;
  private final CachePages pages;
  private final Workspace workspace;

  /** Rows whose logits are held at a time; more are drawn in several rounds. */
  private final int logitRows;

  /** What the step draws that is queued next, and what the one before it does. */
  private DrawnTokens drawn;

  private DrawnTokens drawnBefore;

  /** Settings that leave one token only, a vocabulary long: made once, few are alive. */
  private final Map<Forcing, Sampling> forcing = new HashMap<>();

  private SamplingWatch watch = SamplingWatch.NONE;
  private long policyVersion;

  public Sampler(Transformer policy, Tokenizer tokenizer, SamplerLimits limits) {
    this(policy, tokenizer, limits, SamplerLimits.logits(policy.backend().deviceRoom()));
  }

  /**
   * @param logits that are held at a time
   */
  Sampler(Transformer policy, Tokenizer tokenizer, SamplerLimits limits, int logits) {
    this.policy = policy;
    this.tokenizer = tokenizer;
    this.limits = limits;
    this.backend = policy.backend();
    int pageSize;
    try (KvCache probe = policy.kvCache(1)) {
      pageSize = probe.pageSize();
    }
    KvCache cache = policy.kvCache(Math.ceilDiv(limits.cacheTokens(), pageSize));
    this.pages = new CachePages(cache, policy.config().maxPositions());
    this.workspace = backend.workspace("sampler");
    this.logitRows = Math.max(1, logits / policy.config().vocabulary());
    this.drawn = backend.drawnTokens();
    this.drawnBefore = backend.drawnTokens();
  }

  /** Names the weights that draw from now on; recorded in each completion. */
  public void publish(long version) {
    this.policyVersion = version;
  }

  /** Tells how far each call of {@link #generate} has come, from now on. */
  public void watch(SamplingWatch watching) {
    this.watch = watching;
  }

  /**
   * Completes every request.
   *
   * @return for each request, its completions in the order of their sample number
   * @throws IllegalArgumentException when a prompt leaves no position for a token, or cannot fit
   *     the cache even alone
   */
  public List<List<Completion>> generate(List<GenerationRequest> requests, TokenListener listener) {
    requests.forEach(pages::requireRoom);
    Completion[][] done = new Completion[requests.size()][];
    Arrays.setAll(done, r -> new Completion[requests.get(r).samples()]);
    ArrayDeque<Decoding> waiting = new ArrayDeque<>();
    List<Decoding> active = new ArrayList<>();
    int all = requests.stream().mapToInt(GenerationRequest::samples).sum();
    int ended = 0;
    long tokens = 0;
    Step queued = Step.NONE;
    int next = 0;
    while (next < requests.size() || !waiting.isEmpty() || !active.isEmpty()) {
      place(waiting, active);
      int until = waiting.isEmpty() ? admit(requests, next, active.size()) : next;
      if (until > next) {
        List<Decoding> first = prefill(requests, next, until, listener);
        tokens += first.size();
        waiting.addAll(first);
        ended += finish(waiting, done);
        next = until;
      } else {
        tokens += active.size();
        Step step = decode(active);
        take(queued, listener);
        queued = step;
        if (step.known()) {
          take(step, listener);
          queued = Step.NONE;
        }
        ended += finish(active, done);
      }
      watch.passed(ended, all, tokens);
    }
    forcing.clear();
    return Arrays.stream(done).map(List::of).toList();
  }

  /** Pages of the cache. */
  int pages() {
    return pages.cache().pages();
  }

  /** Pages nobody has; all of them between calls of {@link #generate}. */
  int freePages() {
    return pages.free();
  }

  /** How many requests from {@code next} on fit beside what is active: returns the end. */
  private int admit(List<GenerationRequest> requests, int next, int active) {
    int places = limits.sequences() - active;
    long free = pages.free();
    int rows = limits.prefillRows();
    int until = next;
    while (until < requests.size() && places > 0) {
      GenerationRequest request = requests.get(until);
      // The first needs room for one completion: the others of its group can wait for places.
      if (free < pages.needed(request, until == next ? 1 : request.samples())) {
        break;
      }
      if (until > next && rows < request.prompt().length) {
        break;
      }
      free -= pages.needed(request, request.samples());
      places -= request.samples();
      rows -= request.prompt().length;
      until++;
    }
    return until;
  }

  /** Computes the prompts of requests {@code [from, until)} and draws each sample's first token. */
  private List<Decoding> prefill(
      List<GenerationRequest> requests, int from, int until, TokenListener listener) {
    List<Prompt> prompts = requests.subList(from, until).stream().map(pages::prompt).toList();
    Rows rows = rows(prompts.stream().mapToInt(Prompt::length).sum(), prompts.size());
    for (int p = 0; p < prompts.size(); p++) {
      Prompt prompt = prompts.get(p);
      rows.sequence(p, prompt.pages);
      for (int position = 0; position < prompt.length(); position++) {
        rows.add(prompt.request().prompt()[position], position, p);
      }
    }
    List<Decoding> sequences = new ArrayList<>();
    int prompt = 0;
    int endOfPrompt = prompts.getFirst().length();
    for (int start = 0; start < rows.count(); start += limits.prefillRows()) {
      int end = Math.min(rows.count(), start + limits.prefillRows());
      Tensor hidden = forward(rows, start, end);
      List<NextToken> first = new ArrayList<>();
      List<Integer> hiddenRows = new ArrayList<>();
      while (prompt < prompts.size() && endOfPrompt <= end) {
        for (int sample = 0; sample < prompts.get(prompt).request().samples(); sample++) {
          sequences.add(
              new Decoding(
                  from + prompt,
                  sample,
                  prompts.get(prompt),
                  tokenizer,
                  policy.config().maxPositions()));
          first.add(sequences.getLast().next(first.size()).orElseThrow());
          hiddenRows.add(endOfPrompt - 1 - start);
        }
        prompt++;
        endOfPrompt += prompt < prompts.size() ? prompts.get(prompt).length() : 0;
      }
      take(
          draw(hidden, hiddenRows.stream().mapToInt(Integer::intValue).toArray(), first), listener);
    }
    return sequences;
  }

  /** Gives waiting sequences a place and pages, in order, as far as both go. */
  private void place(ArrayDeque<Decoding> waiting, List<Decoding> active) {
    while (!waiting.isEmpty()
        && active.size() < limits.sequences()
        && pages.place(waiting.peek())) {
      active.add(waiting.poll());
    }
  }

  /** Queues one token more for every active sequence that one can follow in. */
  private Step decode(List<Decoding> active) {
    List<NextToken> tokens = new ArrayList<>(active.size());
    for (Decoding sequence : active) {
      sequence.next(tokens.size()).ifPresent(tokens::add);
    }
    if (tokens.isEmpty()) {
      return Step.NONE;
    }
    Rows rows = rows(tokens.size(), tokens.size());
    for (NextToken token : tokens) {
      rows.sequence(token.row(), token.sequence().pages);
      rows.add(token.fed(), token.position(), token.row());
    }
    int[] hiddenRows = new int[tokens.size()];
    Arrays.setAll(hiddenRows, row -> row);
    Step step = draw(forward(rows, 0, rows.count()), hiddenRows, tokens);
    drawn = drawnBefore;
    drawnBefore = step.drawn;
    return step;
  }

  /** Gives the sequences what a step drew for them; waits for it where it is not known yet. */
  private static void take(Step step, TokenListener listener) {
    for (NextToken token : step.tokens) {
      token.sequence().take(token, step.drawn);
      token.sequence().tell(listener);
    }
  }

  private Rows rows(int rows, int sequences) {
    return new Rows(rows, sequences, pages.cache().pageSize());
  }

  private Tensor forward(Rows rows, int start, int end) {
    workspace.reset();
    return policy.forwardCached(
        rows.ids(start, end),
        drawnBefore,
        rows.positions(start, end),
        rows.slots(start, end),
        rows.cached(start, end),
        pages.cache(),
        workspace);
  }

  /** Queues the draw of tokens, each from its hidden row; neighbours may share a row. */
  private Step draw(Tensor hidden, int[] hiddenRows, List<NextToken> tokens) {
    drawn.reset();
    for (int from = 0; from < hiddenRows.length; from += logitRows) {
      int until = Math.min(hiddenRows.length, from + logitRows);
      long mark = workspace.mark();
      Tensor logits = logits(hidden, Arrays.copyOfRange(hiddenRows, from, until));
      Sampling[] settings = new Sampling[until - from];
      double[] uniforms = new double[until - from];
      for (int i = from; i < until; i++) {
        NextToken token = tokens.get(i);
        settings[i - from] = sampling(token);
        uniforms[i - from] = token.sequence().uniform(token.index());
      }
      backend.draw(logits, settings, uniforms, drawn);
      workspace.release(mark);
    }
    return new Step(tokens, drawn);
  }

  /** How a token is drawn; where it is given, nothing else can be. */
  private Sampling sampling(NextToken token) {
    Sampling asked = token.sequence().prompt.request().sampling();
    return token.forced() == Thought.DRAW
        ? asked
        : forcing.computeIfAbsent(
            new Forcing(asked.temperature(), token.forced()),
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

  /** Lets the sequences go that have ended, and says how many they are. */
  private int finish(Collection<Decoding> sequences, Completion[][] done) {
    int before = sequences.size();
    for (Decoding sequence : sequences) {
      if (sequence.ended()) {
        done[sequence.request][sequence.sample] = sequence.completion(policyVersion);
        pages.release(sequence);
      }
    }
    sequences.removeIf(Decoding::ended);
    return before - sequences.size();
  }

  @Override
  public void close() {
    drawn.close();
    drawnBefore.close();
    pages.close();
    workspace.close();
  }

  /** A token that is put in, and the temperature at which its logprob is taken. */
  private record Forcing(float temperature, int id) {}

  /** Tokens that are drawn together, in the order of their rows. */
  private record Step(List<NextToken> tokens, DrawnTokens drawn) {
    static final Step NONE = new Step(List.of(), DrawnTokens.none());

    /** Whether nothing waits for them. */
    boolean known() {
      return drawn.known();
    }
  }
}
