package io.whetstone.rewards.code;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComparisonTest {

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "exact,tokens,numbers|1 2|1 2",
        "exact,tokens,numbers|\"1 2  \n\n\"|1 2",
        "exact,tokens,numbers|\"a\r\nb\n\"|\"a\nb\"",
        "tokens,numbers|1  2|1 2",
        "tokens,numbers|\"1\n2\"|1 2",
        "tokens,numbers|\" 1\"|1",
        "numbers|1.0|1",
        "numbers|0.3333333|0.33333333",
        "numbers|1000000.1|1000000",
        "numbers|1e-9|0.0",
        "''|1000001|1000000",
        "''|12345678901234567890|12345678901234567891",
        "''|0.334|0.333",
        "''|nan|0",
        "''|YES|yes",
        "''|1 2|1",
        "''|1|1 2",
        "''|\"\"|1",
        "''|1e999999999|1",
        "exact,tokens,numbers|\"\"|\"\"",
      })
  void output(String equal, String got, String expected) {
    for (OutputComparison comparison : OutputComparison.values()) {
      assertEquals(
          equal.contains(comparison.name().toLowerCase(java.util.Locale.ROOT)),
          comparison.difference(got, expected, 1e-6).isEmpty(),
          comparison + ": " + got);
    }
    assertEquals(
        Optional.of("word 2 is \"3\"; expected \"2\""),
        OutputComparison.TOKENS.difference("1 3", "1 2", 0));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "true|1|1",
        "true|1|1.0",
        "true|0.30000000000000004|0.3",
        "true|[1,[2]]|[1,[2]]",
        "true|{\"tuple\":[1,2]}|[1,2]",
        "true|{\"set\":[2,1.0]}|[1,2]",
        "true|{\"dict\":[[\"a\",1],[2,{\"tuple\":[]}]]}|{\"2\":[],\"a\":1}",
        "true|{\"dict\":[]}|{}",
        "true|{\"float\":\"nan\"}|\"NaN\"",
        "true|{\"complex\":[1,2]}|[1,2]",
        "true|null|null",
        "true|\"a\"|\"a\"",
        "true|true|true",
        "false|1|2",
        "false|12345678901234567890|12345678901234567891",
        "false|1|true",
        "false|1|\"1\"",
        "false|[1,2]|[2,1]",
        "false|[1]|[1,1]",
        "false|{\"set\":[1,2]}|[1,1]",
        "false|{\"set\":[1,2]}|[1,2,3]",
        "false|{\"dict\":[[\"a\",1]]}|{\"b\":1}",
        "false|{\"dict\":[[{\"tuple\":[1]},1]]}|{\"1\":1}",
        "false|{\"other\":\"A\"}|{\"other\":\"A\"}",
        "false|{\"bytes\":\"00\"}|\"00\"",
        "false|null|0",
        "false|\"a\"|\"A\"",
        "false|1|null",
      })
  void returnedValue(boolean equal, String got, String expected) throws Exception {
    assertEquals(
        equal, new ReturnedValue(1e-6).equals(JSON.readTree(got), JSON.readTree(expected)));
  }

  @Test
  void jsonAsPython() throws Exception {
    assertEquals(
        "{\"a\":[(-1),(1.5),(1E+2),None,True,False,\"\\u000a\\\"\\\\é😀\",],}",
        PythonLiteral.of(
            JSON.readTree("{\"a\":[-1,1.5,1e2,null,true,false,\"\\n\\\"\\\\é\\ud83d\\ude00\"]}")));
    assertEquals("\"\\ud83d\"", PythonLiteral.of("\ud83d"));
  }
}
