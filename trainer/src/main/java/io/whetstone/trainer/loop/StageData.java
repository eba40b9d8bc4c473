package io.whetstone.trainer.loop;

import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.RowDataset;
import io.whetstone.datasets.mixing.MixedDataset;
import io.whetstone.datasets.tables.Tables;
import io.whetstone.trainer.config.Data;
import io.whetstone.trainer.config.Mix;
import io.whetstone.trainer.config.Source;
import io.whetstone.trainer.run.HubProgress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Opens what a configuration calls data. */
public final class StageData {
  private StageData() {}

  /**
   * @param directory what relative paths start from
   * @param seed decides order, mixture and held-out part
   */
  public static Dataset open(Data data, Path directory, long seed) {
    return data.mix()
        .map(mix -> mixed(mix, directory, seed))
        .orElseGet(() -> one(data.source(), directory, seed));
  }

  private static Dataset one(Source source, Path directory, long seed) {
    return source
        .synthetic()
        .map(generator -> generator.open(seed))
        .or(() -> source.jsonl().map(jsonl -> RowDataset.open(jsonl, directory, seed)))
        .orElseGet(
            () -> Tables.open(source.table().orElseThrow(), directory, HubProgress::hub, seed));
  }

  private static Dataset mixed(Mix mix, Path directory, long seed) {
    List<MixedDataset.Part> parts = new ArrayList<>();
    try {
      for (Mix.Part part : mix.sources()) {
        parts.add(new MixedDataset.Part(part.weight(), one(part.source(), directory, seed)));
      }
      return new MixedDataset(parts, mix.until(), seed);
    } catch (RuntimeException e) {
      parts.forEach(part -> part.data().close());
      throw e;
    }
  }
}
