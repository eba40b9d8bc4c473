package io.whetstone.trainer.house;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Holds the edges between modules that docs/architecture.md draws. */
class ArchitectureTest {
  private static final String ROOT = "io.whetstone.";

  /** What each module may use, itself apart. */
  private static final Map<String, Set<String>> EDGES =
      Map.ofEntries(
          Map.entry("tensor", Set.of()),
          Map.entry("cpu", Set.of("tensor")),
          Map.entry("cuda", Set.of("tensor")),
          Map.entry("tokenizer", Set.of()),
          Map.entry("model", Set.of("tensor")),
          Map.entry("generation", Set.of("tensor", "model", "tokenizer")),
          Map.entry("hub", Set.of()),
          Map.entry("datasets", Set.of("hub")),
          Map.entry("rewards", Set.of("datasets")),
          Map.entry("checkpoints", Set.of("tensor", "model", "tokenizer")),
          Map.entry(
              "rewards.models",
              Set.of("tensor", "model", "tokenizer", "datasets", "rewards", "checkpoints")),
          Map.entry(
              "trainer",
              Set.of(
                  "hub",
                  "tensor",
                  "model",
                  "tokenizer",
                  "generation",
                  "datasets",
                  "rewards",
                  "rewards.models",
                  "checkpoints")));

  private static JavaClasses classes;

  @BeforeAll
  static void load() {
    classes =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(place -> !place.contains("-tests.jar"))
            .importPackages("io.whetstone");
  }

  /** The longest module name that the class's package begins with: rewards.models, not rewards. */
  private static String module(JavaClass type) {
    String path = type.getPackageName().substring(ROOT.length());
    return EDGES.keySet().stream()
        .filter(name -> path.equals(name) || path.startsWith(name + "."))
        .max(Comparator.comparingInt(String::length))
        .orElse(path.split("\\.")[0]);
  }

  private static DescribedPredicate<JavaClass> in(String module) {
    return DescribedPredicate.describe(
        "in " + module,
        type ->
            (type.getPackageName() + ".").startsWith(ROOT + module + ".")
                && module(type).equals(module));
  }

  @Test
  void everyModuleIsDrawn() {
    Set<String> found = new TreeSet<>();
    classes.forEach(type -> found.add(module(type)));
    assertEquals(new TreeSet<>(EDGES.keySet()), found);
  }

  @Test
  void edgesOnlyRise() {
    EDGES.forEach(
        (module, allowed) ->
            EDGES.keySet().stream()
                .filter(other -> !other.equals(module) && !allowed.contains(other))
                .forEach(
                    other ->
                        noClasses()
                            .that(in(module))
                            .should()
                            .dependOnClassesThat(in(other))
                            .because("docs/architecture.md has no edge " + other + " → " + module)
                            .check(classes)));
  }

  @Test
  void noPackageIsSplitOverModules() {
    Map<String, Set<String>> places = new TreeMap<>();
    for (JavaClass type : classes) {
      String file = type.getSource().orElseThrow().getUri().toString();
      String path = type.getName().replaceAll("\\$.*", "").replace('.', '/');
      places
          .computeIfAbsent(type.getPackageName(), unused -> new TreeSet<>())
          .add(file.substring(0, file.indexOf(path.substring(0, path.lastIndexOf('/')))));
    }
    places.forEach((name, origins) -> assertEquals(1, origins.size(), name + " is in " + origins));
  }

  @Test
  void componentsDoNotReferenceTheLoop() {
    noClasses()
        .that()
        .resideInAnyPackage(
            ROOT + "trainer.algorithm..",
            ROOT + "trainer.config..",
            ROOT + "trainer.rollout..",
            ROOT + "trainer.run..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(ROOT + "trainer.loop..", ROOT + "trainer.command..")
        .check(classes);
    noClasses()
        .that()
        .resideInAPackage(ROOT + "trainer.algorithm..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(ROOT + "tensor..", ROOT + "model..", ROOT + "generation..")
        .because("algorithms are arithmetic on arrays")
        .check(classes);
  }

  @Test
  void namesSayWhatAClassDoes() {
    for (JavaClass type : classes) {
      assertTrue(
          !type.getName()
              .matches("(?i).*(utils?|helpers?|commons?)(\\$.*)?|.*\\.(util|common|helper)\\..*"),
          type.getName());
    }
  }
}
