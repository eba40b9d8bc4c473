package io.whetstone.trainer.loop;

import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.RowDataset;
import io.whetstone.trainer.config.Data;
import java.nio.file.Path;

/** Opens what a configuration calls data. */
public final class StageData {
  private StageData() {}

  /**
   * @param directory what relative paths start from
   * @param seed decides order and held-out part
   */
  public static Dataset open(Data data, Path directory, long seed) {
    return data.synthetic()
        .map(generator -> generator.open(seed))
        .orElseGet(() -> RowDataset.open(data.jsonl().orElseThrow(), directory, seed));
  }
}
