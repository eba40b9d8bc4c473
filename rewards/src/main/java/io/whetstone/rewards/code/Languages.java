package io.whetstone.rewards.code;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import io.whetstone.datasets.settings.Names;
import io.whetstone.rewards.code.TestSuite.Exchanges;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Which language a task's and a completion's code is in. */
final class Languages {

  private static final List<String> PYTHON_TAGS = List.of("python", "python3", "py", "py3");

  private final CodeSettings settings;

  /** The language that each tag stands for. */
  private final Map<String, String> tags = new LinkedHashMap<>();

  Languages(CodeSettings settings) {
    this.settings = settings;
    PYTHON_TAGS.forEach(tag -> tags.put(tag, CodeSettings.PYTHON));
    settings
        .languages()
        .forEach(
            (name, language) -> {
              tags.put(name.toLowerCase(Locale.ROOT), name);
              language.fences().forEach(tag -> tags.put(tag.toLowerCase(Locale.ROOT), name));
            });
  }

  /**
   * The language that a task asks for; empty if a completion may choose.
   *
   * @throws DatasetException if it is not known, or cannot be tested by these tests
   */
  Optional<String> of(Task task, TestSuite suite) {
    Optional<String> said =
        Optional.ofNullable(task.fields().get(settings.languageField())).map(Object::toString);
    Optional<String> language = said.map(s -> tags.get(s.strip().toLowerCase(Locale.ROOT)));
    if (said.isPresent() && language.isEmpty()) {
      throw new DatasetException(
          "task %s: %s: \"%s\" %s; add it to languages, or name another language-field"
              .formatted(
                  task.id(),
                  settings.languageField(),
                  said.get(),
                  Names.unknown(said.get(), tags.keySet())));
    }
    if (suite instanceof Exchanges) {
      return language;
    }
    String only = language.orElse(settings.language());
    if (!only.equals(CodeSettings.PYTHON)) {
      throw new DatasetException(
          "task %s: its tests call Python code, but its language is %s; expected tests of input and"
                  .formatted(task.id(), only)
              + " output");
    }
    return Optional.of(only);
  }

  /** The tags of blocks that may be a language's; of all languages where none is asked for. */
  List<String> tags(Optional<String> language) {
    List<String> accepted = new ArrayList<>(tags.keySet());
    language.ifPresent(name -> accepted.removeIf(tag -> !tags.get(tag).equals(name)));
    return accepted;
  }

  /** A block's language. */
  String of(CodeBlock block, Optional<String> asked) {
    return asked.orElseGet(() -> tags.getOrDefault(block.tag(), settings.language()));
  }
}
