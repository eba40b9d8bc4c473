package io.whetstone.rewards;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Builds the jar of a plugin from its sources, as Maven would. */
final class PluginJar {

  private PluginJar() {}

  /** The example project's jar, in a directory below {@code work}. */
  static Path ofExample(Path work) throws IOException {
    Path project = Path.of("../examples/reward-plugin/src/main");
    return build(work, project.resolve("java"), project.resolve("resources"), "example.jar");
  }

  /** A plugin of one class {@code broken.Plugin}. */
  static Path of(Path work, String source) throws IOException {
    Path java = Files.createDirectories(work.resolve("java/broken"));
    Files.writeString(java.resolve("Plugin.java"), source);
    Path services = Files.createDirectories(work.resolve("resources/META-INF/services"));
    Files.writeString(services.resolve(RewardProvider.class.getName()), "broken.Plugin\n");
    return build(work, work.resolve("java"), work.resolve("resources"), "broken.jar");
  }

  private static Path build(Path work, Path java, Path resources, String name) throws IOException {
    Path classes = Files.createDirectories(work.resolve("classes"));
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      List<String> options =
          List.of(
              "-d",
              classes.toString(),
              "-cp",
              System.getProperty("java.class.path"),
              "-Xlint:all,-path,-processing",
              "-Werror",
              "-proc:none");
      boolean compiled =
          compiler
              .getTask(null, files, null, options, null, files.getJavaFileObjects(below(java)))
              .call();
      if (!compiled) {
        throw new AssertionError("the plugin in " + java + " does not compile");
      }
    }
    Path directory = Files.createDirectories(work.resolve("plugins"));
    try (OutputStream out = Files.newOutputStream(directory.resolve(name));
        JarOutputStream jar = new JarOutputStream(out)) {
      for (Path root : List.of(classes, resources)) {
        for (Path file : below(root)) {
          jar.putNextEntry(new JarEntry(root.relativize(file).toString().replace('\\', '/')));
          Files.copy(file, jar);
        }
      }
    }
    return directory;
  }

  private static Path[] below(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files.filter(Files::isRegularFile).sorted().toArray(Path[]::new);
    }
  }
}
