package io.whetstone.trainer.command;

import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.Demonstration;
import io.whetstone.datasets.DemonstrationSource;
import io.whetstone.datasets.Task;
import io.whetstone.datasets.settings.Names;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerException;
import io.whetstone.trainer.config.Sft;
import io.whetstone.trainer.config.TooLong;
import io.whetstone.trainer.loop.DemonstrationSamples;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Checks what supervised stages learn from: lengths, and how much of them is learned. */
final class DemonstrationCheck {
  private final DataAudit data;
  private final PromptEncoder prompts;
  private final Tokenizer tokenizer;
  private final int positions;
  private final Findings findings;
  private double tokens;

  /**
   * @param positions that the model has
   */
  DemonstrationCheck(
      DataAudit data,
      PromptEncoder prompts,
      Tokenizer tokenizer,
      int positions,
      Findings findings) {
    this.data = data;
    this.prompts = prompts;
    this.tokenizer = tokenizer;
    this.positions = positions;
    this.findings = findings;
  }

  /** Mean tokens of a demonstration, of the data whose are longest. */
  double tokens() {
    return tokens;
  }

  void check(Sft sft) {
    String where = sft.label() + ".data";
    Dataset dataset = data.open(where, sft.data());
    if (dataset == null) {
      return;
    }
    Optional<DemonstrationSource> source = dataset.demonstrations();
    if (source.isEmpty()) {
      findings.problem(where + ": " + dataset.name() + " has no demonstrations to learn from");
      return;
    }
    DemonstrationSamples samples = new DemonstrationSamples(tokenizer, prompts, sft.trainOn());
    int longest = Math.min(positions, sft.maxLength().orElse(positions));
    long dropped = 0;
    long learned = 0;
    Lengths lengths = new Lengths();
    List<String> refused = new ArrayList<>();
    if (sft.epochs().isPresent() && source.get().size() == Long.MAX_VALUE) {
      findings.problem(sft.label() + ".epochs: the data are endless; give steps instead");
    }
    long visited = sft.steps().map(steps -> (long) steps * sft.batch()).orElse(Long.MAX_VALUE);
    int count = DataAudit.audited(source.get().size(), visited);
    data.requireSome(where, dataset, count);
    List<Task> tasks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      try {
        Demonstration demonstration = source.get().demonstration(i);
        tasks.add(demonstration.task());
        TrainingSample sample = samples.of(demonstration, 0);
        int length = sample.prompt().length + sample.ids().length;
        if (length > longest && sft.tooLong() == TooLong.STOP) {
          refused.add(
              "task %s: %d tokens, and max-length is %d"
                  .formatted(demonstration.task().id(), length, longest));
        }
        dropped += length > longest && sft.tooLong() == TooLong.DROP ? 1 : 0;
        lengths.add(length);
        learned += sample.trainedTokens();
      } catch (IllegalArgumentException | TokenizerException e) {
        refused.add(e.getMessage());
      }
    }
    findings.say(
        where,
        "demonstrations of "
            + lengths
            + " tokens, of which "
            + Names.kebab(sft.trainOn().name())
            + String.format(Locale.ROOT, " trains %.0f %%", 100.0 * learned / lengths.sum())
            + (dropped > 0 ? "; " + dropped + " longer than " + longest + " are left out" : ""));
    tokens = Math.max(tokens, lengths.mean());
    data.requireNotHeldOut(where, tasks);
    findings.refused(where, refused, count);
  }
}
