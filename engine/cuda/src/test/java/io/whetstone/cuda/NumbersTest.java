package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code numbers.h} against the cpu backend's VectorMath, to the bit, and against StrictMath. */
class NumbersTest {
  private static final String FILE = "numbers_test.cu";
  private static final int COUNT = 300_000;

  private Gpu gpu;
  private Backend backend;
  private Workspace memory;

  @BeforeEach
  void open() {
    gpu = StandIn.fast().open();
    backend = new CudaBackend(gpu, 1);
    memory = backend.workspace("test");
  }

  @AfterEach
  void close() {
    if (memory != null) {
      memory.close();
      backend.close();
    }
  }

  @Test
  void expAndLogHaveTheBitsOfVectorMath() throws ReflectiveOperationException {
    float[] any = any();
    assertArrayEquals(expected("exp", any), results("exps", any), "exp of any bits");
    assertArrayEquals(expected("log", any), results("logs", any), "log of any bits");
    float[] usual = new float[COUNT];
    for (int i = 0; i < COUNT; i++) {
      usual[i] = (float) (30 * Philox.normal(1, i));
    }
    assertArrayEquals(expected("exp", usual), results("exps", usual), "exp");
    for (int i = 0; i < COUNT; i++) {
      usual[i] = (float) StrictMath.exp(usual[i] / 30);
    }
    assertArrayEquals(expected("log", usual), results("logs", usual), "log");
  }

  /** Not only the same as our own other code: within an ulp of the JDK's. */
  @Test
  void expAndLogAreRight() {
    float[] x = new float[COUNT];
    for (int i = 0; i < COUNT; i++) {
      x[i] = (float) (-86 + 170 * Philox.uniform(2, i));
    }
    float[] exps = results("exps", x);
    float[] negative = x.clone();
    for (int i = 0; i < COUNT; i++) {
      assertEquals(StrictMath.exp(x[i]), exps[i], 1.01 * Math.ulp((float) StrictMath.exp(x[i])));
      negative[i] = -Math.abs(x[i]);
    }
    float[] ofNegative = results("expsOfNegative", negative);
    float[] logs = results("logs", exps);
    for (int i = 0; i < COUNT; i++) {
      double exp = StrictMath.exp(negative[i]);
      assertEquals(exp, ofNegative[i], 1.01 * Math.ulp((float) exp));
      assertEquals(StrictMath.log(exps[i]), logs[i], Math.ulp((float) StrictMath.log(exps[i])));
    }
  }

  @Test
  void blocksSumAndFindTheLargest() {
    float[] x = new float[256];
    double sum = 0;
    float most = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) Philox.normal(3, i) - 2;
      sum += x[i];
      most = Math.max(most, x[i]);
    }
    Tensor from = tensor(x);
    Tensor to = memory.zeros(DType.F32, 9);
    gpu.kernel(FILE, "sums").begin().tensor(from).tensor(to).launch(1, 256);
    float[] got = backend.readFloats(to);
    for (int i = 0; i < 3; i++) {
      assertEquals(sum, got[3 * i], 1e-6 * Math.abs(sum));
      assertEquals((float) sum, got[3 * i + 1]);
      assertEquals(most, got[3 * i + 2]);
    }
    x[100] = Float.NaN;
    backend.write(from, x);
    gpu.kernel(FILE, "sums").begin().tensor(from).tensor(to).launch(1, 256);
    assertTrue(Float.isNaN(backend.readFloats(to)[2]), "a NaN is the largest");
  }

  /** Floats of any bits, the edges among them. */
  private static float[] any() {
    float[] x = new float[COUNT];
    for (int i = 0; i < COUNT; i++) {
      x[i] = Float.intBitsToFloat((int) Philox.bits(4, i));
    }
    float[] edges = {
      0,
      -0f,
      Float.MIN_VALUE,
      Float.MIN_NORMAL,
      Math.nextDown(Float.MIN_NORMAL),
      Float.MAX_VALUE,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      Float.NaN,
      -86.64f,
      Math.nextDown(-86.64f),
      0x1.62e42ep6f,
      Math.nextUp(0x1.62e42ep6f),
      Float.intBitsToFloat(0x3f3504f3),
      Float.intBitsToFloat(0x3f3504f2),
      1
    };
    System.arraycopy(edges, 0, x, 0, edges.length);
    return x;
  }

  private float[] results(String kernel, float[] x) {
    Tensor from = tensor(x);
    Tensor to = memory.tensor(DType.F32, x.length);
    gpu.kernel(FILE, kernel).begin().tensor(from).tensor(to).integer(x.length).launch(64, 256);
    return backend.readFloats(to);
  }

  private Tensor tensor(float[] x) {
    Tensor tensor = memory.tensor(DType.F32, x.length);
    backend.write(tensor, x);
    return tensor;
  }

  private static float[] expected(String function, float[] x) throws ReflectiveOperationException {
    Method method =
        Class.forName("io.whetstone.cpu.VectorMath").getDeclaredMethod(function, float.class);
    method.setAccessible(true);
    MethodHandle handle =
        MethodHandles.lookup()
            .unreflect(method)
            .asType(MethodType.methodType(float.class, float.class));
    float[] y = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      try {
        y[i] = (float) handle.invokeExact(x[i]);
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }
    return y;
  }
}
