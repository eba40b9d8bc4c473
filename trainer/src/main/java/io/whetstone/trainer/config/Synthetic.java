package io.whetstone.trainer.config;

import io.whetstone.datasets.ChainsSettings;
import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.ProductsSettings;
import io.whetstone.datasets.SumsSettings;
import io.whetstone.datasets.SyntheticTasks;
import io.whetstone.datasets.countdown.CountdownSettings;
import io.whetstone.datasets.countdown.CountdownTasks;
import java.util.Optional;
import java.util.stream.Stream;

/** A generator of tasks: exactly one. */
public record Synthetic(
    Optional<SumsSettings> sums,
    Optional<ChainsSettings> chains,
    Optional<ProductsSettings> products,
    Optional<CountdownSettings> countdown) {

  public Synthetic {
    long given = Stream.of(sums, chains, products, countdown).filter(Optional::isPresent).count();
    if (given != 1) {
      throw new IllegalArgumentException(
          given + " of sums, chains, products and countdown given; expected exactly one");
    }
  }

  /** The generator; its tasks and what is held out of them depend on the seed. */
  public Dataset open(long seed) {
    return sums.<Dataset>map(settings -> SyntheticTasks.sums(settings, seed))
        .or(() -> chains.map(settings -> SyntheticTasks.chains(settings, seed)))
        .or(() -> products.map(settings -> SyntheticTasks.products(settings, seed)))
        .or(() -> countdown.map(settings -> new CountdownTasks(settings, seed)))
        .orElseThrow();
  }
}
