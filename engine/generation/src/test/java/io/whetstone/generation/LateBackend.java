package io.whetstone.generation;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DrawnTokens;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;

/**
 * A processor that plays a device: what it draws is unknown until somebody asks for it. It counts
 * what it is asked to embed, and what of it before that is known.
 */
final class LateBackend implements InvocationHandler {
  private final Backend backend;

  /** Steps that were queued, and those of them before the one ahead of them was known. */
  int steps;

  int stepsAhead;

  LateBackend(Backend backend) {
    this.backend = backend;
  }

  Backend proxy() {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, this);
  }

  @Override
  public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
    Object[] own = arguments == null ? new Object[0] : arguments.clone();
    LateTokens late = null;
    for (int i = 0; i < own.length; i++) {
      if (own[i] instanceof LateTokens tokens) {
        late = tokens;
        own[i] = tokens.drawn;
      }
    }
    if (late != null && own[0] instanceof int[] ids) {
      steps++;
      stepsAhead += !late.known && Arrays.stream(ids).anyMatch(id -> id < 0) ? 1 : 0;
    }
    Object result;
    try {
      result = method.invoke(backend, own);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
    if (late != null && method.getName().equals("draw")) {
      late.known = false;
    }
    return result instanceof DrawnTokens drawn ? new LateTokens(drawn) : result;
  }

  private static final class LateTokens implements DrawnTokens {
    private final DrawnTokens drawn;
    private boolean known = true;

    LateTokens(DrawnTokens drawn) {
      this.drawn = drawn;
    }

    @Override
    public int rows() {
      return drawn.rows();
    }

    @Override
    public int vocabulary() {
      return drawn.vocabulary();
    }

    @Override
    public void reset() {
      drawn.reset();
      known = true;
    }

    @Override
    public boolean known() {
      return known;
    }

    @Override
    public int token(int row) {
      known = true;
      return drawn.token(row);
    }

    @Override
    public float logprob(int row) {
      known = true;
      return drawn.logprob(row);
    }

    @Override
    public void close() {
      drawn.close();
    }
  }
}
