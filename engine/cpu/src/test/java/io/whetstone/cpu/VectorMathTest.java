package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.Philox;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class VectorMathTest {
  private static final float[] SPECIAL = {
    0f,
    -0f,
    1f,
    -1f,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.NaN,
    88.72283f,
    88.72284f,
    -87.33655f,
    -103.27893f,
    -103.97208f,
    -103.97209f,
    -104f,
    89f,
    0.70710677f,
    0.7071068f,
    1.4142135f,
    0.99999994f,
    1.0000001f
  };

  interface Scalar {
    float apply(float x);
  }

  @Test
  void expIsWithinAnUlpAndTheSameInALaneAndAScalar() {
    double worst = 0;
    for (float x : SPECIAL) {
      worst = Math.max(worst, check(x, VectorMath::exp, VectorMath::exp, VectorMathTest::exp));
    }
    for (int i = -2_000_000; i <= 2_000_000; i++) {
      float x = i * (106f / 2_000_000);
      worst = Math.max(worst, check(x, VectorMath::exp, VectorMath::exp, VectorMathTest::exp));
    }
    assertTrue(worst <= 1.01, "worst error of exp: " + worst + " ulp");
  }

  @Test
  void logIsWithinAnUlpAndTheSameInALaneAndAScalar() {
    double worst = 0;
    for (float x : SPECIAL) {
      worst = Math.max(worst, check(x, VectorMath::log, VectorMath::log, StrictMath::log));
    }
    for (int bits = 1; bits > 0 && bits < 0x7f800000; bits += 641) {
      float x = Float.intBitsToFloat(bits);
      worst = Math.max(worst, check(x, VectorMath::log, VectorMath::log, StrictMath::log));
    }
    for (int i = -500_000; i <= 500_000; i++) {
      float x = Float.intBitsToFloat(Float.floatToIntBits(1) + i);
      worst = Math.max(worst, check(x, VectorMath::log, VectorMath::log, StrictMath::log));
    }
    assertTrue(worst <= 1, "worst error of log: " + worst + " ulp");
  }

  @Test
  void limitsAreExact() {
    assertEquals(0f, VectorMath.exp(Float.NEGATIVE_INFINITY));
    assertEquals(Float.POSITIVE_INFINITY, VectorMath.exp(Float.POSITIVE_INFINITY));
    assertEquals(1f, VectorMath.exp(0f));
    assertEquals(1f, VectorMath.exp(-0f));
    assertEquals(Float.NEGATIVE_INFINITY, VectorMath.log(0f));
    assertEquals(Float.POSITIVE_INFINITY, VectorMath.log(Float.POSITIVE_INFINITY));
    assertEquals(0f, VectorMath.log(1f));
    assertTrue(Float.isNaN(VectorMath.log(-1f)));
    assertTrue(Float.isNaN(VectorMath.log(Float.NaN)));
    assertTrue(Float.isNaN(VectorMath.exp(Float.NaN)));
  }

  @Test
  void sumIsATree() {
    float[] x = new float[Memory.LANES];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) StrictMath.sin(i + 1) * (i % 3 == 0 ? 1e6f : 1);
    }
    float[] tree = x.clone();
    for (int width = x.length / 2; width >= 1; width /= 2) {
      for (int i = 0; i < width; i++) {
        tree[i] += tree[i + width];
      }
    }
    FloatVector vector = FloatVector.fromArray(Memory.SPECIES, x, 0);
    assertEquals(Float.floatToRawIntBits(tree[0]), Float.floatToRawIntBits(VectorMath.sum(vector)));
  }

  /** Exact but for what is given up: results far below what any sum of probabilities shows. */
  private static double exp(double x) {
    return x < -86.64f ? 0 : StrictMath.exp(x);
  }

  /** Returns the error in ulp, after comparing every lane's bits with the scalar's. */
  private static double check(
      float x, Scalar scalar, UnaryOperator<FloatVector> lanes, DoubleUnaryOperator exact) {
    float got = scalar.apply(x);
    FloatVector vector = lanes.apply(FloatVector.broadcast(Memory.SPECIES, x));
    for (int lane : new int[] {0, Memory.LANES - 1}) {
      if (Float.floatToIntBits(got) != Float.floatToIntBits(vector.lane(lane))) {
        throw new AssertionError(
            x + ": " + got + " as a scalar, " + vector.lane(lane) + " in a lane");
      }
    }
    double expected = exact.applyAsDouble(x);
    float rounded = (float) expected;
    if (Float.isNaN(rounded) || Float.isInfinite(rounded) || Float.isInfinite(got)) {
      return Float.compare(got, rounded) == 0 ? 0 : Double.POSITIVE_INFINITY;
    }
    return Math.abs(got - expected) / Math.ulp(rounded);
  }

  @Test
  void tanhIsWithinThreeUnitsInTheLastPlace() {
    float[] x = new float[Memory.LANES];
    float[] y = new float[Memory.LANES];
    for (float scale : new float[] {1e-30f, 1e-4f, 0.1f, 1, 8, 1e30f}) {
      for (int round = 0; round < 2_000; round++) {
        for (int lane = 0; lane < x.length; lane++) {
          x[lane] = (float) (scale * Philox.normal(99, round * x.length + lane));
        }
        VectorMath.tanh(FloatVector.fromArray(Memory.SPECIES, x, 0)).intoArray(y, 0);
        for (int lane = 0; lane < x.length; lane++) {
          double expected = StrictMath.tanh(x[lane]);
          assertEquals(expected, y[lane], 3 * Math.ulp((float) expected), "tanh " + x[lane]);
        }
      }
    }
  }

  @Test
  void expOfNegativeIsExpDownToItsFloor() {
    float[] x = new float[Memory.LANES];
    float[] y = new float[Memory.LANES];
    for (int round = 0; round < 5_000; round++) {
      for (int lane = 0; lane < x.length; lane++) {
        double normal = Philox.normal(98, round * x.length + lane);
        x[lane] = (float) (-Math.abs(normal) * (round % 2 == 0 ? 1 : 60));
      }
      x[0] = round == 0 ? Float.NEGATIVE_INFINITY : round == 1 ? 0 : x[0];
      VectorMath.expOfNegative(FloatVector.fromArray(Memory.SPECIES, x, 0)).intoArray(y, 0);
      for (int lane = 0; lane < x.length; lane++) {
        double expected = StrictMath.exp(Math.max(x[lane], -86.64f));
        assertEquals(expected, y[lane], 1.01 * Math.ulp((float) expected), "exp " + x[lane]);
      }
    }
  }
}
