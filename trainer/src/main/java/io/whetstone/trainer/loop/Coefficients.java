package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.trainer.algorithm.AdaptiveEntropy;
import io.whetstone.trainer.algorithm.AdaptiveKl;
import io.whetstone.trainer.algorithm.PolicyMeasures;
import io.whetstone.trainer.algorithm.PolicyObjective;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.config.Kl;
import java.util.Map;
import java.util.Optional;

/** The coefficients of divergence and entropy as they are now, constant or steered. */
final class Coefficients {
  private final Optional<AdaptiveKl> klControl;
  private final Optional<AdaptiveEntropy> entropyControl;
  private final boolean klInLoss;
  private double kl;
  private double entropy;
  private double lastEntropy = Double.POSITIVE_INFINITY;

  Coefficients(Grpo settings) {
    klControl = settings.kl().target().map(t -> new AdaptiveKl(t, settings.kl().horizon()));
    entropyControl =
        settings
            .objective()
            .entropyTarget()
            .map(t -> new AdaptiveEntropy(t.nats(), t.delta(), t.least(), t.most()));
    klInLoss = settings.kl().place() == Kl.Place.LOSS;
    kl = settings.kl().coefficient();
    entropy = settings.objective().entropyBonus();
  }

  /** β, wherever the divergence enters. */
  double kl() {
    return kl;
  }

  /** The objective with the coefficients of now. */
  PolicyObjective in(PolicyObjective objective) {
    double acting = entropyControl.map(c -> c.acting(entropy, lastEntropy)).orElse(entropy);
    return objective.with(klInLoss ? kl : 0, acting);
  }

  /** An update was made. */
  void afterUpdate(PolicyMeasures measures) {
    if (entropyControl.isPresent() && measures.entropyTokens() > 0) {
      lastEntropy = measures.entropySum() / measures.entropyTokens();
      entropy = entropyControl.get().next(entropy, lastEntropy);
    }
  }

  /** A step was made of so many completions. */
  void afterStep(PolicyMeasures measures, long completions) {
    if (klControl.isPresent() && measures.referenceTokens() > 0) {
      double divergence = measures.referenceKlSum() / measures.referenceTokens();
      kl = klControl.get().next(kl, divergence, completions);
    }
  }

  /** What is steered, by the keys of docs/metrics.md. */
  void into(Map<String, Double> metrics) {
    klControl.ifPresent(unused -> metrics.put("policy/kl-coefficient", kl));
    entropyControl.ifPresent(unused -> metrics.put("policy/entropy-coefficient", entropy));
  }

  /** What a checkpoint holds of them. */
  ObjectNode progress() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("kl", kl)
        .put("entropy", entropy)
        .put("last-entropy", Double.toString(lastEntropy));
  }

  /** Takes back what {@link #progress} gave. */
  void restore(ObjectNode progress) {
    kl = progress.required("kl").asDouble();
    entropy = progress.required("entropy").asDouble();
    lastEntropy = Double.parseDouble(progress.required("last-entropy").asText());
  }
}
