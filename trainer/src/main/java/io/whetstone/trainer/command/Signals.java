package io.whetstone.trainer.command;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Hears of signals until it is closed; then the handlers of before are back.
 *
 * <p>By reflection, since {@code sun.misc.Signal}, supported as it is, cannot be named without a
 * compiler's warning. A signal that this system does not have, or that the JVM keeps for itself, is
 * not heard.
 */
final class Signals implements AutoCloseable {
  private record Replaced(Object signal, Object before) {}

  private final List<Replaced> replaced = new ArrayList<>();

  /**
   * @param heard called on a thread of its own with the signal's name, {@code TERM}
   */
  Signals(Consumer<String> heard, String... names) {
    for (String name : names) {
      try {
        Class<?> handler = Class.forName("sun.misc.SignalHandler");
        Object listener =
            Proxy.newProxyInstance(
                handler.getClassLoader(),
                new Class<?>[] {handler},
                (proxy, method, arguments) ->
                    switch (method.getName()) {
                      case "handle" -> {
                        heard.accept(name);
                        yield null;
                      }
                      case "equals" -> proxy == arguments[0];
                      case "hashCode" -> System.identityHashCode(proxy);
                      default -> "signals of " + name;
                    });
        Object signal =
            Class.forName("sun.misc.Signal").getConstructor(String.class).newInstance(name);
        replaced.add(new Replaced(signal, handle(signal, listener)));
      } catch (ReflectiveOperationException e) {
        // Not on this system: whoever sends it gets the default.
      }
    }
  }

  /** Puts a handler in place and gives the one of before. */
  private static Object handle(Object signal, Object handler) throws ReflectiveOperationException {
    return signal
        .getClass()
        .getMethod("handle", signal.getClass(), Class.forName("sun.misc.SignalHandler"))
        .invoke(null, signal, handler);
  }

  @Override
  public void close() {
    for (Replaced each : replaced) {
      try {
        handle(each.signal(), each.before());
      } catch (InvocationTargetException e) {
        throw new IllegalStateException("a signal's handler cannot be put back", e.getCause());
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
