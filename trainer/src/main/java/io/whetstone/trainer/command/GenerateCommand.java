package io.whetstone.trainer.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.generation.Completion;
import io.whetstone.generation.GenerationRequest;
import io.whetstone.generation.Sampler;
import io.whetstone.generation.SamplerLimits;
import io.whetstone.generation.SamplingWatch;
import io.whetstone.generation.StopRules;
import io.whetstone.generation.TokenListener;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Sampling;
import io.whetstone.tokenizer.StreamingDecoder;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.config.Decoding;
import io.whetstone.trainer.loop.Policy;
import io.whetstone.trainer.rollout.ThinkingBudgets;
import java.io.IOException;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Completes a prompt. */
@Command(name = "generate", description = "Completes a prompt; text comes as it is drawn.")
final class GenerateCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Console console;

  @Parameters(paramLabel = "MODEL", description = "A run, a checkpoint or a model's directory.")
  private String model;

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      description = {
        "What is to be continued, as it is, begun as the model's tokenizer begins texts",
        "(Llama's <|begin_of_text|>, nothing for Qwen)."
      })
  private Optional<String> prompt;

  @Option(
      names = "--messages",
      paramLabel = "F.json",
      description = "Messages for the model's chat template; see tokenize.")
  private Optional<String> messages;

  @Option(
      names = "--thinking",
      paramLabel = "on|off",
      description = "With --messages: sets enable_thinking in the chat template.")
  private Optional<MessagesFile.Thinking> thinking;

  @Option(names = "--seed", paramLabel = "S", defaultValue = "0", description = "Default: 0.")
  private long seed;

  @Option(
      names = "--samples",
      paramLabel = "K",
      defaultValue = "1",
      description = "How many completions (default: 1).")
  private int samples;

  @Option(
      names = "--json",
      description = "A line a completion with token ids, logprobs and why it ended.")
  private boolean json;

  @Mixin private DecodingOptions options;
  @Mixin private EngineOptions engine;

  GenerateCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    if (prompt.isPresent() == messages.isPresent()) {
      throw new UsageException(
          prompt.isPresent()
              ? "--prompt and --messages are both given; expected one"
              : "--prompt is missing; expected a text, or --messages F.json");
    }
    if (samples < 1) {
      throw new UsageException("--samples: " + samples + " is not at least 1");
    }
    ModelDirectory directory = ModelDirectory.find(model, ModelDirectory.Which.LATEST);
    try (Backend backend = engine.open();
        Policy policy = directory.policy(backend, engine.compute(directory))) {
      directory.caution(policy.model()).ifPresent(console::note);
      // A chat template writes the beginning of sequence itself.
      int[] ids =
          messages.isPresent()
              ? policy
                  .tokenizer()
                  .encode(MessagesFile.render(messages.get(), directory.model(), thinking, true))
              : policy.tokenizer().encodeFromStart(prompt.orElseThrow());
      if (ids.length == 0) {
        throw new UsageException("--prompt: is empty; expected at least one token");
      }
      int room = policy.model().config().maxPositions() - ids.length;
      Decoding decoding =
          options.over(new Decoding(Math.max(1, Math.min(256, room)), 1, 0, 1, 0, List.of()));
      GenerationRequest request =
          new GenerationRequest(
              ids,
              samples,
              new Sampling(
                  (float) decoding.temperature(),
                  decoding.topK(),
                  (float) decoding.topP(),
                  (float) decoding.minP()),
              new StopRules(
                  decoding.maxTokens(),
                  new HashSet<>(policy.tokenizer().endOfSequence()),
                  decoding.stop()),
              ThinkingBudgets.of(decoding, policy.tokenizer()),
              Philox.derive(seed, 0));
      SamplerLimits limits =
          SamplerLimits.of(policy.model(), Math.min(samples, SamplerLimits.DEFAULT_SEQUENCES));
      try (Sampler sampler = new Sampler(policy.model(), policy.tokenizer(), limits)) {
        generate(sampler, policy.tokenizer(), request);
      }
      return Whetstone.DONE;
    }
  }

  private void generate(Sampler sampler, Tokenizer tokenizer, GenerationRequest request)
      throws IOException {
    boolean stream = samples == 1 && !json;
    StreamingDecoder decoder = tokenizer.streamingDecoder();
    TokenListener listener =
        stream
            ? (unused, sample, id) -> {
              if (!request.stop().tokens().contains(id)) {
                console.out().print(decoder.add(id));
                console.out().flush();
              }
            }
            : TokenListener.NONE;
    List<Completion> completions;
    try (DrawingProgress progress =
        new DrawingProgress(console, "generate", InstantSource.system())) {
      sampler.watch(stream ? SamplingWatch.NONE : progress);
      completions = sampler.generate(List.of(request), listener).getFirst();
    }
    if (stream) {
      console.result(decoder.finish());
      console.note("(" + completions.getFirst().stop().text() + ")");
      return;
    }
    for (int sample = 0; sample < completions.size(); sample++) {
      Completion completion = completions.get(sample);
      if (json) {
        console.result(JSON.writeValueAsString(line(sample, request, completion)));
      } else {
        console.result(
            "--- " + (sample + 1) + " of " + samples + " (" + completion.stop().text() + ")");
        console.result(completion.text());
      }
    }
  }

  private static ObjectNode line(int sample, GenerationRequest request, Completion completion) {
    ObjectNode line = JSON.createObjectNode();
    line.put("sample", sample);
    line.put("text", completion.text());
    ArrayNode promptIds = line.putArray("prompt-ids");
    for (int id : request.prompt()) {
      promptIds.add(id);
    }
    ArrayNode ids = line.putArray("ids");
    for (int id : completion.ids()) {
      ids.add(id);
    }
    ArrayNode logprobs = line.putArray("logprobs");
    for (float logprob : completion.logprobs()) {
      logprobs.add(logprob);
    }
    if (request.thinking().isPresent()) {
      ArrayNode marks = line.putArray("forced");
      for (boolean mark : completion.forced()) {
        marks.add(mark);
      }
    }
    line.put("stop", completion.stop().text());
    return line;
  }
}
