package io.whetstone.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/**
 * What the checks are is in the conformance suite, which every backend runs behind them; here is
 * that nothing passes them by, and what a backend with fewer capabilities is spared.
 */
class CheckedBackendTest {
  private static final Heads HEADS = new Heads(2, 1, 4);

  private final List<String> calls = new ArrayList<>();

  /** Notes each call's name, and computes nothing. */
  private Backend recording(Capability... capabilities) {
    return (Backend)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("capabilities")) {
                return Set.of(capabilities);
              }
              calls.add(method.getName());
              return switch (method.getReturnType().getName()) {
                case "boolean" -> true;
                case "double" -> 0d;
                case "int" -> 7;
                default ->
                    switch (method.getReturnType().getSimpleName()) {
                      case "String" -> "recording";
                      case "Optional" -> Optional.empty();
                      default -> null;
                    };
              };
            });
  }

  private static Tensor tensor(DType type, int... extents) {
    Shape shape = Shape.of(extents);
    return new Tensor(
        type,
        shape,
        MemorySegment.ofArray(new byte[(int) (shape.rows() * type.bytes(shape.columns()))]));
  }

  /** A default method that is not handed on would take the slow way past the backend's kernel. */
  @Test
  void everyMethodIsChecked() {
    for (Method method : Backend.class.getMethods()) {
      boolean withoutCap =
          method.getName().startsWith("tokenLogprobs")
              && Arrays.stream(method.getParameterTypes()).filter(t -> t == float.class).count()
                  < 2;
      if (Modifier.isStatic(method.getModifiers()) || withoutCap) {
        continue;
      }
      assertTrue(
          Arrays.stream(CheckedBackend.class.getDeclaredMethods())
              .anyMatch(
                  own ->
                      own.getName().equals(method.getName())
                          && Arrays.equals(own.getParameterTypes(), method.getParameterTypes())),
          method + " is not handed on");
    }
  }

  @Test
  void whatPassesIsHandedOn() {
    Backend checked = new CheckedBackend(recording(Capability.BF16));
    Tensor x = tensor(DType.F32, 3, 8);
    Tensor y = tensor(DType.F32, 3, 8);
    checked.add(x, y);
    checked.addColumns(x, y, 0);
    checked.dropout(x, 0.5, new long[3], y);
    checked.copy(x, tensor(DType.BF16, 3, 8));
    checked.gated(Gate.values()[0], x, tensor(DType.F32, 3, 4));
    assertEquals(7, checked.threads());
    checked.deviceRoom();
    checked.offload(Set.of("optimizer"));
    checked.close();
    assertEquals(
        List.of(
            "add",
            "addColumns",
            "dropout",
            "copy",
            "gated",
            "threads",
            "deviceRoom",
            "offload",
            "close"),
        calls);
  }

  @Test
  void whatDoesNotPassIsNot() {
    Backend checked = new CheckedBackend(recording(Capability.values()));
    Tensor x = tensor(DType.F32, 3, 8);
    refused("y", () -> checked.add(x, tensor(DType.F32, 3, 7)));
    refused("rate", () -> checked.dropout(x, 1, new long[3], x));
    refused("rows: 3 is not in [0, 3)", () -> checked.gatherRows(x, new int[] {3, 0, 0}, x));
    refused("layers", () -> checked.kvCache(-1, 2, HEADS, DType.F32));
    refused("I32", () -> checked.kvCache(1, 2, HEADS, DType.I32));
    refused("weight", () -> checked.linear(tensor(DType.F32, 0, 8), DType.F32));
    refused("x", () -> checked.fill(tensor(DType.Q8_0, 1, 32), 1));
    assertEquals(List.of(), calls);
  }

  @Test
  void whatTheBackendDoesNotHaveIsRefused() {
    Backend checked = new CheckedBackend(recording());
    Tensor narrow = tensor(DType.BF16, 3, 8);
    Tensor blocks = tensor(DType.Q8_0, 3, 32);
    refused("to: expected F32", () -> checked.write(narrow, new float[24]));
    refused("weight: expected F32", () -> checked.linear(blocks, DType.F32));
    refused("table: expected F32", () -> checked.embedding(new int[0], blocks, narrow));
    assertEquals(List.of(), calls);
    refused(
        "the backend recording has F32, not BF16",
        () -> checked.linear(tensor(DType.F32, 3, 8), DType.BF16));
    refused("has F32, not BF16", () -> checked.kvCache(1, 2, HEADS, DType.BF16));
  }

  private static void refused(String why, Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.contains(why), message);
  }
}
