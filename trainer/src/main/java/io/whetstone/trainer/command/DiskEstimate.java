package io.whetstone.trainer.command;

import io.whetstone.model.FrozenTypes;
import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.config.Precision;
import io.whetstone.trainer.loop.MemoryPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The room that a run's checkpoints take on the disk.
 *
 * <p>A checkpoint holds each trained number in F32 and AdamW's two moments of it, 12 bytes (with
 * moments in eight bits 6), the average's 4 where one is kept, and the reference's 2 or 4 where a
 * KL term has one. The newest {@code keep-checkpoints} stay, the best one where there is an
 * evaluation, and the next is written before an old one goes.
 *
 * @param checkpoint bytes of one
 * @param atOnce how many there are at most
 */
record DiskEstimate(long checkpoint, int atOnce) {
  static DiskEstimate of(Experiment experiment, ModelConfig model, Optional<Lora> lora) {
    long trained = lora.map(adapters -> adapters.parameters(model)).orElse(model.parameters());
    boolean reference =
        experiment.stages().stream()
            .anyMatch(stage -> stage instanceof Grpo grpo && grpo.kl().coefficient() != 0);
    int referenceBytes = lora.isPresent() || experiment.precision() == Precision.F32 ? 4 : 2;
    long moments = new MemoryPlan(experiment, model, lora, FrozenTypes.NONE, false).optimizer();
    long bytes =
        Float.BYTES
            + (experiment.average().isPresent() ? Float.BYTES : 0)
            + (reference ? referenceBytes : 0);
    return new DiskEstimate(
        trained * bytes + moments,
        experiment.keepCheckpoints() + (experiment.evaluation().isPresent() ? 1 : 0) + 1);
  }

  /**
   * Says what is taken and what is free.
   *
   * @param runs where runs are kept; it need not be there yet
   */
  void report(Path runs, Findings findings) throws IOException {
    Path there = runs.toAbsolutePath().normalize();
    while (there.getParent() != null && !Files.exists(there)) {
      there = there.getParent();
    }
    report(there, Files.getFileStore(there).getUsableSpace(), findings);
  }

  void report(Path there, long free, Findings findings) {
    String room =
        "checkpoints of "
            + Findings.bytes(checkpoint)
            + ", up to "
            + atOnce
            + " at once; "
            + Findings.bytes(free)
            + " free at "
            + there;
    findings.say("disk", room);
    // One more is written before an old one goes: without room for that a run cannot go on at all.
    if (free < checkpoint) {
      findings.problem("disk: " + room + ": make room, or name another place with --runs");
    }
  }
}
