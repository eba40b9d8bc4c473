package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.whetstone.tensor.Backend;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * The suite that every backend must pass; a backend's own tests hold a subclass that opens it.
 *
 * <pre>
 *   one interface of tests for each family of kernels
 *      → a Reference… class: the Javadoc's formula in double precision, in plain loops
 *      → Expected: the values, and the sum of absolute terms that rounding is measured by
 *      → Rig: the backend and guarded memory
 * </pre>
 *
 * The references' own gradients are checked by finite differences in {@link
 * ReferenceGradientsTest}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class BackendConformance
    implements MemoryConformance,
        ArithmeticConformance,
        ColumnsConformance,
        LinearConformance,
        QuantizedConformance,
        LayerConformance,
        HeadNormConformance,
        AttentionConformance,
        CacheConformance,
        HeadConformance,
        SamplingConformance,
        DrawnConformance,
        OptimizerConformance,
        MomentsConformance,
        MisuseConformance {
  private static final int MOST_THREADS = 3;

  private List<Rig> rigs = List.of();

  /** Opens the backend; the suite closes it. */
  protected abstract Backend open(int threads);

  @BeforeAll
  void openRigs() {
    rigs = IntStream.rangeClosed(1, MOST_THREADS).mapToObj(t -> new Rig(open(t))).toList();
  }

  @AfterEach
  void finishRigs() {
    rigs.forEach(Rig::finish);
  }

  @AfterAll
  void closeRigs() {
    rigs.forEach(Rig::close);
  }

  @Override
  public Rig rig() {
    return rigs.get(1);
  }

  @Override
  public List<Rig> rigs() {
    return rigs;
  }

  @Test
  void introducesItself() {
    for (int i = 0; i < MOST_THREADS; i++) {
      Backend backend = rigs.get(i).backend();
      assertEquals(i + 1, backend.threads());
      assertFalse(backend.name().isBlank());
      assertFalse(backend.description().isBlank());
      assertFalse(backend.description().contains("\n"), "the description is one line");
    }
  }
}
