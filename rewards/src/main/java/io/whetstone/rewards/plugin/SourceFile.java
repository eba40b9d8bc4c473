package io.whetstone.rewards.plugin;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Compiles one source file, in memory, against the class path. */
final class SourceFile {

  private SourceFile() {}

  /**
   * The class that is called like the file.
   *
   * @throws IllegalArgumentException if there is no such file or it does not compile; {@code java:
   *     MyReward.java:12: …}
   */
  static Class<?> compile(Path file) {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    if (compiler == null) {
      throw new IllegalArgumentException(
          "java: " + file + ": this Java has no compiler; run on a JDK, not a JRE");
    }
    if (!Files.isRegularFile(file) || !file.toString().endsWith(".java")) {
      throw new IllegalArgumentException(
          "java: %s: %s"
              .formatted(
                  file,
                  Files.isRegularFile(file)
                      ? "is no Java source; expected NAME.java"
                      : "there is no such file"));
    }
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    StandardJavaFileManager standard =
        compiler.getStandardFileManager(found, Locale.ROOT, StandardCharsets.UTF_8);
    try (InMemory files = new InMemory(standard)) {
      boolean compiled =
          compiler
              .getTask(
                  null,
                  files,
                  found,
                  List.of(
                      "-cp", System.getProperty("java.class.path"), "-proc:none", "-nowarn", "-g"),
                  null,
                  standard.getJavaFileObjects(file))
              .call();
      if (!compiled) {
        throw new IllegalArgumentException("java: " + complaints(found, file));
      }
      return load(file, files.classes);
    } catch (IOException e) {
      throw new IllegalArgumentException("java: " + file + ": " + e.getMessage(), e);
    }
  }

  private static Class<?> load(Path file, Map<String, ByteArrayOutputStream> classes) {
    String simple = file.getFileName().toString().replaceFirst("\\.java$", "");
    Loader loader = new Loader(classes);
    for (String name : classes.keySet()) {
      if (name.equals(simple) || name.endsWith("." + simple)) {
        try {
          return loader.loadClass(name);
        } catch (ClassNotFoundException e) {
          throw new IllegalStateException(e);
        }
      }
    }
    throw new IllegalArgumentException(
        "java: %s: has no class %s, only %s".formatted(file, simple, classes.keySet()));
  }

  private static String complaints(DiagnosticCollector<JavaFileObject> found, Path file) {
    List<String> errors = new ArrayList<>();
    for (Diagnostic<? extends JavaFileObject> each : found.getDiagnostics()) {
      if (each.getKind() == Diagnostic.Kind.ERROR) {
        String message = each.getMessage(Locale.ROOT).replaceAll("\\s*\\n\\s*", ", ");
        errors.add(
            file + (each.getLineNumber() > 0 ? ":" + each.getLineNumber() : "") + ": " + message);
      }
    }
    int shown = Math.min(5, errors.size());
    String more = errors.size() > shown ? "\n  and " + (errors.size() - shown) + " more" : "";
    return String.join("\n  ", errors.subList(0, shown)) + more;
  }

  private static final class InMemory extends ForwardingJavaFileManager<JavaFileManager> {
    private final Map<String, ByteArrayOutputStream> classes = new HashMap<>();

    InMemory(JavaFileManager files) {
      super(files);
    }

    @Override
    public JavaFileObject getJavaFileForOutput(
        Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
      URI place = URI.create("memory:///" + name.replace('.', '/') + kind.extension);
      return new SimpleJavaFileObject(place, kind) {
        @Override
        public OutputStream openOutputStream() {
          ByteArrayOutputStream bytes = new ByteArrayOutputStream();
          classes.put(name, bytes);
          return bytes;
        }
      };
    }
  }

  private static final class Loader extends ClassLoader {
    private final Map<String, ByteArrayOutputStream> classes;

    Loader(Map<String, ByteArrayOutputStream> classes) {
      super(SourceFile.class.getClassLoader());
      this.classes = classes;
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      ByteArrayOutputStream bytes = classes.get(name);
      if (bytes == null) {
        throw new ClassNotFoundException(name);
      }
      return defineClass(name, bytes.toByteArray(), 0, bytes.size());
    }
  }
}
