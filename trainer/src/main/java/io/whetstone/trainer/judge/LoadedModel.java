package io.whetstone.trainer.judge;

import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.generation.Completion;
import io.whetstone.generation.GenerationRequest;
import io.whetstone.generation.Sampler;
import io.whetstone.generation.SamplerLimits;
import io.whetstone.generation.StopRules;
import io.whetstone.generation.TokenListener;
import io.whetstone.model.Transformer;
import io.whetstone.rewards.Expense;
import io.whetstone.rewards.judge.Answer;
import io.whetstone.rewards.judge.Question;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.Capability;
import io.whetstone.tensor.Philox;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerException;
import io.whetstone.tokenizer.chat.ChatTemplate;
import io.whetstone.tokenizer.chat.Conversation;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The model in memory. Used by one thread, as its backend wants it. */
final class LoadedModel implements AutoCloseable {

  private final ModelSettings settings;
  private final Backend backend;
  private final Transformer model;
  private final Tokenizer tokenizer;
  private final Sampler sampler;
  private final Optional<ChatTemplate> template;
  private final StopRules stop;

  /** Memory: the weights, and a key/value cache for the sequences of at most 1 GiB. */
  LoadedModel(ModelSettings settings) {
    Path directory = settings.directory();
    this.settings = settings;
    this.template = settings.chat().orElse(true) ? ChatTemplate.load(directory) : Optional.empty();
    if (settings.chat().orElse(false) && template.isEmpty()) {
      throw new IllegalArgumentException("chat: " + directory + " has no chat template");
    }
    int threads =
        settings.threads() == 0 ? Runtime.getRuntime().availableProcessors() : settings.threads();
    this.backend = Backends.open(settings.backend(), threads);
    this.tokenizer = Tokenizer.load(directory);
    this.model = HuggingFaceModel.load(directory, backend, settings.precision().compute(), false);
    this.sampler = new Sampler(model, tokenizer, SamplerLimits.of(model, settings.sequences()));
    this.stop =
        new StopRules(
            settings.maxTokens(), new HashSet<>(tokenizer.endOfSequence()), settings.stop());
  }

  /** Whether an answer depends on its question alone. */
  boolean exact() {
    return backend.capabilities().contains(Capability.EXACT);
  }

  /** All questions in one batch. */
  List<Answer> answer(List<Question> questions) {
    Answer[] answers = new Answer[questions.size()];
    List<GenerationRequest> requests = new ArrayList<>();
    List<Integer> places = new ArrayList<>();
    for (int q = 0; q < answers.length; q++) {
      try {
        requests.add(request(questions.get(q)));
        places.add(q);
      } catch (TokenizerException | IllegalArgumentException e) {
        answers[q] = new Answer.Failed(e.getMessage(), false);
      }
    }
    List<List<Completion>> drawn = sampler.generate(requests, TokenListener.NONE);
    for (int r = 0; r < requests.size(); r++) {
      Completion completion = drawn.get(r).getFirst();
      answers[places.get(r)] =
          new Answer.Given(
              completion.text(),
              !completion.stop().truncated(),
              new Expense(requests.get(r).prompt().length, completion.ids().length, 0));
    }
    return List.of(answers);
  }

  private GenerationRequest request(Question question) {
    int[] ids = tokenizer.encode(text(question));
    int positions = model.config().maxPositions();
    if (ids.length == 0 || ids.length + settings.maxTokens() > positions) {
      throw new IllegalArgumentException(
          "the question has "
              + ids.length
              + " tokens, which with "
              + settings.maxTokens()
              + " for the answer exceed the judge's "
              + positions
              + " positions; lower most-characters or max-tokens");
    }
    return new GenerationRequest(
        ids,
        1,
        settings.sampling(),
        stop,
        Philox.derive(settings.seed(), hash(question), question.vote()));
  }

  private String text(Question question) {
    if (template.isEmpty()) {
      return question.system().map(system -> system + "\n\n").orElse("") + question.text();
    }
    List<Map<String, Object>> messages = new ArrayList<>();
    question.system().ifPresent(s -> messages.add(Map.of("role", "system", "content", s)));
    messages.add(Map.of("role", "user", "content", question.text()));
    Map<String, Object> variables = new LinkedHashMap<>();
    settings.enableThinking().ifPresent(thinks -> variables.put("enable_thinking", thinks));
    return template
        .get()
        .render(new Conversation(messages, null, true, Optional.empty(), variables))
        .text();
  }

  private static long hash(Question question) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(question.text().getBytes(StandardCharsets.UTF_8));
      return ByteBuffer.wrap(digest).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    sampler.close();
    model.close();
    tokenizer.close();
    backend.close();
  }
}
