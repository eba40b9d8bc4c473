package io.whetstone.model;

import java.util.List;

/**
 * How rotary frequencies are changed so that a model sees further than it was first trained for.
 * The names are those of {@code rope_type} in Hugging Face's {@code config.json}.
 */
public sealed interface RopeScaling {
  /**
   * The frequency in use.
   *
   * @param frequency the unscaled one, theta^(−2i/size)
   */
  float scaled(float frequency, int i, double theta, int size);

  /** What cosines and sines are multiplied by. */
  default float magnitude() {
    return 1;
  }

  /** How many positions the frequencies hold for. */
  default int reach() {
    return Integer.MAX_VALUE;
  }

  /** {@code default}: as they are. */
  record None() implements RopeScaling {
    @Override
    public float scaled(float frequency, int i, double theta, int size) {
      return frequency;
    }
  }

  /** {@code linear} (Chen et al. 2023): positions are divided by the factor. */
  record Linear(double factor) implements RopeScaling {
    public Linear {
      requirePositive("factor", factor);
    }

    @Override
    public float scaled(float frequency, int i, double theta, int size) {
      return frequency / (float) factor;
    }
  }

  /**
   * {@code llama3}: wavelengths longer than original/low are divided by the factor, those shorter
   * than original/high stay, between them it is mixed linearly in original/wavelength.
   *
   * @param factor of the lowest frequencies
   * @param low {@code low_freq_factor}
   * @param high {@code high_freq_factor}
   * @param originalPositions that the model was first trained for
   */
  record Llama3(double factor, double low, double high, int originalPositions)
      implements RopeScaling {
    public Llama3 {
      requirePositive("factor", factor);
      requirePositive("low_freq_factor", low);
      if (!(high > low)) {
        throw new IllegalArgumentException(
            "model: rope: high_freq_factor: " + high + " is not > low_freq_factor, " + low);
      }
    }

    @Override
    public float scaled(float frequency, int i, double theta, int size) {
      double wavelength = 2 * Math.PI / frequency;
      if (wavelength > originalPositions / low) {
        return frequency / (float) factor;
      }
      if (wavelength < originalPositions / high) {
        return frequency;
      }
      double mix = (originalPositions / wavelength - low) / (high - low);
      return (float) ((1 - mix) * frequency / factor + mix * frequency);
    }
  }

  /**
   * {@code yarn} (Peng et al. 2023, section 3.2): frequencies that turn less than {@code slow}
   * times over the original positions are divided by the factor, those that turn more than {@code
   * fast} times stay, between them a ramp in i.
   *
   * @param fast {@code beta_fast}, 32 in the paper
   * @param slow {@code beta_slow}, 1 in the paper
   * @param truncated whether the ramp's ends are rounded outwards to whole numbers, as usual
   * @param magnitude {@code attention_factor}; the paper's is 0.1 ln factor + 1
   */
  record Yarn(
      double factor,
      double fast,
      double slow,
      int originalPositions,
      boolean truncated,
      float magnitude)
      implements RopeScaling {
    public Yarn {
      requirePositive("factor", factor);
      requirePositive("beta_slow", slow);
      requirePositive("attention_factor", magnitude);
      if (!(fast >= slow)) {
        throw new IllegalArgumentException(
            "model: rope: beta_fast: " + fast + " is not ≥ beta_slow, " + slow);
      }
    }

    @Override
    public float scaled(float frequency, int i, double theta, int size) {
      double first = turning(fast, theta, size);
      double last = turning(slow, theta, size);
      if (truncated) {
        first = Math.floor(first);
        last = Math.ceil(last);
      }
      first = Math.max(first, 0);
      last = Math.min(last, size - 1);
      double width = last == first ? 0.001 : last - first;
      double stretched = Math.clamp((i - first) / width, 0.0, 1.0);
      return (float) (stretched * frequency / factor + (1 - stretched) * frequency);
    }

    /** The i whose frequency turns so many times over the original positions. */
    private double turning(double times, double theta, int size) {
      return size
          * StrictMath.log(originalPositions / (times * 2 * Math.PI))
          / (2 * StrictMath.log(theta));
    }
  }

  /**
   * {@code dynamic}: as they are up to the model's last position. Beyond it the base would grow
   * with the text's length; no position beyond it is used.
   */
  record Dynamic(double factor) implements RopeScaling {
    public Dynamic {
      requirePositive("factor", factor);
    }

    @Override
    public float scaled(float frequency, int i, double theta, int size) {
      return frequency;
    }
  }

  /**
   * {@code longrope} (Ding et al. 2024): frequency i is divided by a factor of its own. There are
   * two sets of factors: the short ones hold for texts of up to {@code originalPositions} tokens,
   * the long ones for all of a longer text. A cache's keys cannot be rotated again when a text
   * grows out of the short ones, so that a model with these frequencies has {@code
   * originalPositions} positions, and the long factors are only kept.
   *
   * @param shortFactors size/2 of them
   * @param longFactors as many
   * @param originalPositions that the model was first trained for
   * @param magnitude {@code attention_factor}; √(1 + ln factor / ln originalPositions) is usual
   */
  record LongRope(
      List<Double> shortFactors, List<Double> longFactors, int originalPositions, float magnitude)
      implements RopeScaling {
    public LongRope {
      shortFactors = List.copyOf(shortFactors);
      longFactors = List.copyOf(longFactors);
      shortFactors.forEach(factor -> requirePositive("short_factor", factor));
      longFactors.forEach(factor -> requirePositive("long_factor", factor));
      requirePositive("attention_factor", magnitude);
    }

    @Override
    public int reach() {
      return originalPositions;
    }

    @Override
    public float scaled(float frequency, int i, double theta, int size) {
      // Not frequency / factor, whose rounding is another one than transformers'.
      float power = (float) StrictMath.pow(theta, 2.0 * i / size);
      return 1 / (shortFactors.get(i).floatValue() * power);
    }
  }

  private static void requirePositive(String name, double value) {
    if (!(value > 0) || !Double.isFinite(value)) {
      throw new IllegalArgumentException(
          "model: rope: " + name + ": " + value + " is not finite and > 0");
    }
  }
}
