package io.whetstone.rewards;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Keeps scores that cannot be computed again to the same bits ({@link Reward#repeats}), so that a
 * run that goes over the same ground once more uses what it used the first time.
 */
public interface ScoreRecord {

  /** Remembers nothing. */
  ScoreRecord NONE =
      new ScoreRecord() {
        @Override
        public Optional<List<Score>> recall(String call) {
          return Optional.empty();
        }

        @Override
        public void record(List<Map.Entry<String, List<Score>>> calls) {}
      };

  /**
   * The scores that were recorded for a call; a call that comes again has its next ones.
   *
   * @param call names the reward and all it was shown
   */
  Optional<List<Score>> recall(String call);

  /** Records calls, in their order; they are safe when this returns. */
  void record(List<Map.Entry<String, List<Score>>> calls);
}
