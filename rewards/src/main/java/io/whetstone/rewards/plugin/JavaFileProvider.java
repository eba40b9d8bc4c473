package io.whetstone.rewards.plugin;

import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import io.whetstone.rewards.RewardSource;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * {@code java}: one Java source file, compiled when the run starts; {@code - NAME: {java:
 * MyReward.java}}. The class that is called like the file has a constructor without parameters and
 * implements {@link Reward.OfCandidate}, {@link Reward}, or {@link RewardProvider} where it has
 * settings, which stand beside {@code java}.
 */
public final class JavaFileProvider implements RewardProvider {

  @Override
  public String name() {
    return "java";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    return create(settings, io.whetstone.rewards.RewardCatalog.ofClassPath());
  }

  @Override
  public Reward create(Map<String, Object> settings, RewardSource others) {
    Map<String, Object> own = new LinkedHashMap<>(settings);
    if (!(own.remove("java") instanceof String file)) {
      throw new IllegalArgumentException("java: is missing; expected the path of a source file");
    }
    Object made = instance(SourceFile.compile(Path.of(file)), file);
    if (made instanceof RewardProvider provider) {
      return provider.create(own, others);
    }
    if (!own.isEmpty()) {
      throw new IllegalArgumentException(
          own.keySet().iterator().next()
              + ": is not known; a class that has settings implements RewardProvider");
    }
    return switch (made) {
      case Reward reward -> reward;
      case Reward.OfCandidate each -> Reward.each(each);
      default ->
          throw new IllegalArgumentException(
              "java: %s implements none of Reward.OfCandidate, Reward, RewardProvider"
                  .formatted(made.getClass().getName()));
    };
  }

  private static Object instance(Class<?> type, String file) {
    try {
      var constructor = type.getDeclaredConstructor();
      constructor.setAccessible(true);
      return constructor.newInstance();
    } catch (NoSuchMethodException e) {
      throw new IllegalArgumentException(
          "java: " + file + ": " + type.getName() + " has no constructor without parameters", e);
    } catch (InvocationTargetException e) {
      throw new IllegalArgumentException(
          "java: " + file + ": the constructor failed: " + e.getCause(), e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException("java: " + file + ": " + e, e);
    }
  }
}
