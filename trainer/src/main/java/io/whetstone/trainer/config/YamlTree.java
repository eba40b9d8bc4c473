package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Settings;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * YAML as maps, lists and scalars, with the line each came from.
 *
 * <p>Plain scalars are read by YAML 1.2's core schema and not by 1.1's, in which {@code 1e-5} is
 * text and {@code no} is false. Keys are text; a key given twice is refused.
 *
 * @param root a map, a list, a scalar, or null for an empty text
 * @param lines the line, from 1, of what stands at a path such as {@code stages[0].sft.steps}
 */
record YamlTree(Object root, Map<String, Integer> lines) {

  /**
   * Reads a text.
   *
   * @param name names the text in complaints
   * @throws ConfigurationException with line and column when the text is not YAML
   */
  static YamlTree parse(String text, String name) {
    LoaderOptions options = new LoaderOptions();
    options.setMaxAliasesForCollections(50);
    Map<String, Integer> lines = new HashMap<>();
    try {
      Node node = new Yaml(options).compose(new StringReader(text));
      Object root = node == null ? null : new Walk(name, lines).value(node, "", 0);
      return new YamlTree(root, lines);
    } catch (MarkedYAMLException e) {
      Mark mark = e.getProblemMark() == null ? e.getContextMark() : e.getProblemMark();
      throw new ConfigurationException(
          name
              + ": is not YAML: "
              + (e.getContext() == null ? "" : e.getContext() + ", ")
              + e.getProblem()
              + (mark == null ? "" : at(mark)),
          e);
    } catch (YAMLException e) {
      throw new ConfigurationException(name + ": is not YAML: " + e.getMessage(), e);
    }
  }

  /** One value, as written after {@code --set key=}. */
  static Object parseValue(String text, String name) {
    return parse(text, name).root();
  }

  private static String at(Mark mark) {
    return " (line " + (mark.getLine() + 1) + ", column " + (mark.getColumn() + 1) + ")";
  }

  private record Walk(String name, Map<String, Integer> lines) {
    /** Deeper than any configuration; an alias that holds itself ends here. */
    private static final int MAX_DEPTH = 50;

    Object value(Node node, String path, int depth) {
      if (depth > MAX_DEPTH) {
        throw new ConfigurationException(name + ": is nested too deeply" + at(node.getStartMark()));
      }
      lines.putIfAbsent(path, node.getStartMark().getLine() + 1);
      return switch (node) {
        case MappingNode mapping -> map(mapping, path, depth);
        case SequenceNode sequence -> {
          List<Object> list = new ArrayList<>();
          for (Node item : sequence.getValue()) {
            list.add(value(item, path + "[" + list.size() + "]", depth + 1));
          }
          yield list;
        }
        case ScalarNode scalar -> scalar.isPlain() ? plain(scalar.getValue()) : scalar.getValue();
        default ->
            throw new ConfigurationException(
                name + ": unexpected " + node.getNodeId() + at(node.getStartMark()));
      };
    }

    private Map<String, Object> map(MappingNode mapping, String path, int depth) {
      Map<String, Object> map = new LinkedHashMap<>();
      Map<String, Mark> marks = new HashMap<>();
      for (NodeTuple entry : mapping.getValue()) {
        Mark mark = entry.getKeyNode().getStartMark();
        if (!(entry.getKeyNode() instanceof ScalarNode scalar)) {
          throw new ConfigurationException(name + ": a key is not text" + at(mark));
        }
        String key = scalar.getValue();
        String inner = Settings.path(path, key);
        Mark before = marks.put(key, mark);
        if (before != null) {
          throw new ConfigurationException(
              name
                  + ": "
                  + inner
                  + ": is given twice, in lines "
                  + (before.getLine() + 1)
                  + " and "
                  + (mark.getLine() + 1));
        }
        lines.putIfAbsent(inner, mark.getLine() + 1);
        map.put(key, value(entry.getValueNode(), inner, depth + 1));
      }
      return map;
    }
  }

  /** A scalar without quotes, by the core schema. */
  static Object plain(String text) {
    return switch (text) {
      case "", "~", "null", "Null", "NULL" -> null;
      case "true", "True", "TRUE" -> true;
      case "false", "False", "FALSE" -> false;
      case ".inf", "+.inf" -> Double.POSITIVE_INFINITY;
      case "-.inf" -> Double.NEGATIVE_INFINITY;
      case ".nan" -> Double.NaN;
      default -> number(text);
    };
  }

  private static Object number(String text) {
    if (text.matches("[-+]?[0-9]{1,18}")) {
      long value = Long.parseLong(text);
      return value == (int) value ? (Object) (int) value : (Object) value;
    }
    if (text.matches("[-+]?[0-9]+")) {
      return new java.math.BigInteger(text);
    }
    if (text.matches("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?")) {
      return Double.parseDouble(text);
    }
    return text;
  }
}
