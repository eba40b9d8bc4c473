package io.whetstone.rewards.code;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.rewards.code.CodeBlock.Take;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CodeBlockTest {

  private static String code(String completion, Take take) {
    return CodeBlock.in(completion.replace("\\n", "\n"), take, List.of("python", "py"))
        .map(CodeBlock::code)
        .orElse("none")
        .replace("\n", "\\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "x = 1\\n|```python\\nx = 1\\n```",
        "x = 1\\n|Text\\n```py\\nx = 1\\n```\\nText",
        "x = 1\\n|~~~Python title=\"a\"\\nx = 1\\n~~~",
        "x = 1\\n|```\\nx = 1\\n```",
        "y = 2\\n|```python\\nx = 1\\n```\\n```python\\ny = 2\\n```",
        "x = 1\\n|```python\\nx = 1\\n```\\n```text\\n1\\n```",
        "x = '''\\n```\\n'''\\n|````python\\nx = '''\\n```\\n'''\\n````",
        "x = 1|```python\\nx = 1",
        "x = 1\\n|<think>```python\\nz\\n```</think>```python\\nx = 1\\n```",
        "x = 1\\n|```python\\nx = 1\\n``` ",
        "y = 2\\n"
            + "|```python\\n"
            + "x = 1\\n"
            + "```\\n"
            + "<answer>```python\\n"
            + "y = 2\\n"
            + "```</answer>\\n"
            + "```python\\n"
            + "z\\n"
            + "```",
        "y = 2\\n|<answer>y = 2</answer>",
        "def f(): return 1\\n|def f(): return 1",
        "print(1)\\n|print(1)",
        "none|I do not know.",
        "none|The answer is 42",
        "none|''",
        "none|```cpp\\nint x;\\n```",
        "none|```python\\n\\n```",
        "none|<think>```python\\nx = 1\\n```</think>Sorry.",
      })
  void last(String expected, String completion) {
    assertEquals(expected, code(completion, Take.LAST));
  }

  @Test
  void others() {
    String two = "```python\\nx = 1\\ny = 1\\n```\\n```python\\nz = 2\\n```";
    assertEquals("x = 1\\ny = 1\\n", code(two, Take.FIRST));
    assertEquals("x = 1\\ny = 1\\n", code(two, Take.LONGEST));
    assertEquals("x = 1\\ny = 1\\n\\nz = 2\\n", code(two, Take.ALL));
  }

  @Test
  void longHostileTextIsReadQuickly() {
    CodeBlock.in("```\n".repeat(200_000), Take.LAST, List.of());
    CodeBlock.in("a".repeat(1_000_000), Take.LAST, List.of());
    CodeBlock.in("a = ".repeat(250_000), Take.LAST, List.of());
    CodeBlock.in(" \t".repeat(500_000), Take.LAST, List.of());
    CodeBlock.in("for ".repeat(250_000) + "\n" + "{ ".repeat(250_000), Take.LAST, List.of());
    assertEquals(Optional.empty(), CodeBlock.in("`".repeat(1_000_000), Take.LAST, List.of()));
  }
}
