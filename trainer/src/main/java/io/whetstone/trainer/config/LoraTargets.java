package io.whetstone.trainer.config;

import io.whetstone.model.LinearModule;
import io.whetstone.model.ModelConfig;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;

/**
 * Which linear modules have an adapter: a name, which is the module's or the last parts of it
 * ({@code q_proj}, {@code self_attn.q_proj}), as in PEFT; a pattern with {@code *} for any part of
 * a name ({@code model.layers.1*.mlp.*}); {@code regex:…}, which must match all of a name; {@code
 * all-linear}.
 *
 * @param patterns as they are written
 */
public record LoraTargets(List<String> patterns) {
  private static final String ALL = "all-linear";
  private static final String REGEX = "regex:";

  public LoraTargets {
    if (patterns.isEmpty()) {
      throw new IllegalArgumentException("no module is named; expected " + ALL + " or names");
    }
    patterns = List.copyOf(patterns);
    patterns.forEach(LoraTargets::compile);
  }

  /** One, as a configuration gives it. */
  public static LoraTargets of(String pattern) {
    return new LoraTargets(List.of(pattern));
  }

  /** Several, as a configuration gives them. */
  public static LoraTargets of(List<String> patterns) {
    return new LoraTargets(patterns);
  }

  private static Pattern compile(String pattern) {
    if (pattern.startsWith(REGEX)) {
      try {
        return Pattern.compile(pattern.substring(REGEX.length()));
      } catch (PatternSyntaxException e) {
        throw new IllegalArgumentException(pattern + ": " + e.getDescription());
      }
    }
    String name =
        Pattern.compile("\\*")
            .splitAsStream(pattern + " ")
            .map(part -> Pattern.quote(part.stripTrailing()))
            .collect(Collectors.joining(".*"));
    return Pattern.compile(pattern.equals(ALL) ? ".*" : "(.*\\.)?" + name);
  }

  /** Full names of the modules of a model that are meant. */
  Set<String> in(ModelConfig model) {
    List<String> names = LinearModule.of(model).stream().map(LinearModule::name).toList();
    Set<String> meant = new TreeSet<>();
    for (String pattern : patterns) {
      Pattern compiled = compile(pattern);
      List<String> found = names.stream().filter(n -> compiled.matcher(n).matches()).toList();
      if (found.isEmpty()) {
        throw new IllegalArgumentException(
            "model.lora.targets: \""
                + pattern
                + "\" is no linear module of the model's blocks; they are "
                + names.stream()
                    .map(name -> name.substring(name.lastIndexOf('.') + 1))
                    .distinct()
                    .collect(Collectors.joining(", "))
                + " (embeddings, norms and the head stay frozen)");
      }
      meant.addAll(found);
    }
    return meant;
  }
}
