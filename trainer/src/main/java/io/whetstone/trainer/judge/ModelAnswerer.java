package io.whetstone.trainer.judge;

import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.rewards.judge.Answer;
import io.whetstone.rewards.judge.Answerer;
import io.whetstone.rewards.judge.Question;
import io.whetstone.tensor.Backends;
import io.whetstone.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Answers questions with a model of ours, on an engine of its own and one thread: what several
 * groups ask at the same time is one batch. The model is loaded when it is first asked.
 *
 * <p>Its own, for a reward whose deadline passed may still be at work when training goes on, and a
 * backend serves one thread.
 */
final class ModelAnswerer implements Answerer {

  private record Job(List<Question> questions, CompletableFuture<List<Answer>> answers) {}

  /** Ends the thread. */
  private static final Job END = new Job(List.of(), new CompletableFuture<>());

  private final ModelSettings settings;
  private final BlockingQueue<Job> jobs = new LinkedBlockingQueue<>();
  private Thread thread; // guarded by this
  private boolean closed; // guarded by this
  private volatile boolean exact = true;

  ModelAnswerer(ModelSettings settings) {
    this.settings = settings;
  }

  @Override
  public List<Answer> answer(List<Question> questions) throws InterruptedException {
    if (questions.isEmpty()) {
      return List.of();
    }
    Job job = new Job(questions, new CompletableFuture<>());
    begin(job);
    try {
      return job.answers.get();
    } catch (ExecutionException e) {
      String reason = settings.path() + ": " + e.getCause();
      return Collections.nCopies(questions.size(), new Answer.Failed(reason, false));
    }
  }

  private synchronized void begin(Job job) {
    if (closed) {
      throw new IllegalStateException("the judge is closed");
    }
    if (thread == null) {
      thread = Thread.ofPlatform().daemon().name("judge-model").start(this::work);
    }
    jobs.add(job);
  }

  private void work() {
    LoadedModel model = null;
    List<Job> batch = new ArrayList<>();
    try {
      while (!batch.contains(END)) {
        batch.clear();
        batch.add(jobs.take());
        jobs.drainTo(batch);
        try {
          boolean asked = batch.stream().anyMatch(job -> !job.questions.isEmpty());
          model = model == null && asked ? new LoadedModel(settings) : model;
          exact = model == null || model.exact();
          if (asked) {
            answer(batch, model);
          }
        } catch (RuntimeException | LinkageError | OutOfMemoryError e) {
          batch.forEach(job -> job.answers.completeExceptionally(e));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      if (model != null) {
        model.close();
      }
    }
  }

  private static void answer(List<Job> batch, LoadedModel model) {
    List<Question> all = new ArrayList<>();
    batch.forEach(job -> all.addAll(job.questions));
    List<Answer> answers = model.answer(all);
    int next = 0;
    for (Job job : batch) {
      job.answers.complete(answers.subList(next, next + job.questions.size()));
      next += job.questions.size();
    }
  }

  @Override
  public boolean repeats() {
    return exact;
  }

  @Override
  public boolean draws() {
    return settings.temperature() > 0;
  }

  @Override
  public Duration patience(int questions) {
    return settings.patience().multipliedBy(questions + 1L);
  }

  /** The model's files are read as far as that is quick: not its weights. */
  @Override
  public void preflight() {
    Path directory = settings.directory();
    Backends.all().stream()
        .filter(provider -> provider.name().equals(settings.backend()))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException("backend: " + settings.backend() + " is not known"));
    try (Tokenizer _ = Tokenizer.load(directory)) {
      int positions = HuggingFaceModel.config(directory).maxPositions();
      if (settings.maxTokens() >= positions) {
        throw new IllegalArgumentException(
            "max-tokens: "
                + settings.maxTokens()
                + " leaves no room for a question in the judge's "
                + positions
                + " positions");
      }
    } catch (IllegalArgumentException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new IllegalArgumentException("path: " + e.getMessage(), e);
    }
  }

  /** Waits for the answer under way: its memory is in use. */
  @Override
  public void close() {
    Thread working;
    synchronized (this) {
      closed = true;
      working = thread;
      if (working != null) {
        jobs.add(END);
      }
    }
    if (working != null) {
      try {
        working.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
