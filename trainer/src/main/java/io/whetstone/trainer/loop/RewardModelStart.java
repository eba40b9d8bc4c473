package io.whetstone.trainer.loop;

import io.whetstone.checkpoints.ClassifierModel;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.PeftAdapter;
import io.whetstone.rewards.models.RewardForm;
import io.whetstone.rewards.models.ScoreModel;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a reward model begins as that does not begin as the policy: a directory for sequence
 * classification, whose head is kept; a policy's, or an adapter's, which is merged into the model
 * that it belongs to. Those two get a new head.
 *
 * @param directory a model's or an adapter's own, not a run's
 */
public record RewardModelStart(Path directory) {

  /**
   * What a path stands for: as everywhere, a run's stands for its newest checkpoint, {@code
   * ORG/NAME} for a model at the hub.
   *
   * @throws IllegalArgumentException when nothing is there that a reward model can begin as
   */
  public static RewardModelStart of(Path from) {
    Path directory = Policy.directory(from);
    if (!PeftAdapter.isAt(directory)
        && !Files.isRegularFile(directory.resolve(HuggingFaceModel.CONFIG))) {
      throw new IllegalArgumentException(
          "from: "
              + from
              + ": is neither a model (no "
              + HuggingFaceModel.CONFIG
              + ") nor an adapter (no "
              + PeftAdapter.CONFIG
              + "); expected a directory for sequence classification, a policy's or an adapter's");
    }
    RewardModelStart start = new RewardModelStart(directory);
    if (start.hasHead()) {
      ClassifierModel.config(directory);
    } else {
      HuggingFaceModel.config(BaseModel.directory(directory));
    }
    return start;
  }

  private boolean hasHead() {
    return !PeftAdapter.isAt(directory) && ClassifierModel.isAt(directory);
  }

  /**
   * The model, to be trained; it owns its tokenizer.
   *
   * @param seed of a new head
   */
  ScoreModel open(RewardForm form, Backend backend, DType compute, long seed) {
    if (hasHead()) {
      return ScoreModel.start(form, directory, backend, compute);
    }
    // Adapters are merged in F32; what is trained is held in F32 anyway.
    Policy whole = Policy.load(directory, backend, DType.F32);
    Tokenizer tokenizer = whole.tokenizer();
    try (var model = whole.model()) {
      model.mergeAdapters();
      return ScoreModel.startApart(form, model, tokenizer, compute, seed);
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }
}
