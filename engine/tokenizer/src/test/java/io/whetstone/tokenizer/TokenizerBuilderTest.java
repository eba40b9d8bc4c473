package io.whetstone.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerBuilderTest {
  static final List<String> TAGS = List.of("<think>", "</think>", "<answer>", "</answer>");

  static Tokenizer characters() {
    return TokenizerBuilder.characters("0123456789+=;?")
        .tags(TAGS)
        .endOfSequence("<|end|>")
        .pad("<|pad|>")
        .build();
  }

  static Tokenizer bytes() {
    return TokenizerBuilder.bytes().tags(TAGS).endOfSequence("<|end|>").pad("<|pad|>").build();
  }

  @Test
  void aCharacterIsATokenAndATagIsOneToken() {
    try (Tokenizer tokenizer = characters()) {
      String text = "37+5=?<think>37+5=42</think><answer>42</answer><|end|>";
      int[] ids = tokenizer.encode(text);
      assertArrayEquals(
          new int[] {3, 7, 10, 5, 11, 13, 14, 3, 7, 10, 5, 11, 4, 2, 15, 16, 4, 2, 17, 18}, ids);
      assertEquals(text, tokenizer.decode(ids));
      assertEquals(20, tokenizer.size());
      assertEquals(List.of(18), tokenizer.endOfSequence());
      assertEquals(OptionalInt.of(19), tokenizer.pad());
      assertEquals(OptionalInt.empty(), tokenizer.beginningOfSequence());
      assertEquals(OptionalInt.of(14), tokenizer.id("<think>"));
      assertEquals("</answer>", tokenizer.token(17));
      assertTrue(tokenizer.isSpecial(14));
      assertFalse(tokenizer.isSpecial(13));
    }
  }

  @Test
  void whatTheAlphabetLacksIsNamedWithItsPlace() {
    try (Tokenizer tokenizer = characters()) {
      TokenizerException e =
          assertThrows(TokenizerException.class, () -> tokenizer.encode("1+2=<think>3 é"));
      assertEquals(
          "the vocabulary cannot represent ' ' (U+0020) at character 13 of \"1+2=<think>3 é\"",
          e.getMessage());
      e = assertThrows(TokenizerException.class, () -> tokenizer.encode("1😀"));
      assertEquals(
          "the vocabulary cannot represent '😀' (U+1F600) at character 2 of \"1😀\"",
          e.getMessage());
      e = assertThrows(TokenizerException.class, () -> tokenizer.encode("<think"));
      assertTrue(e.getMessage().contains("'<' (U+003C) at character 1"), e.getMessage());
    }
  }

  @Test
  void alphabetsOfAnyCharactersComeBack() {
    String alphabet = "aé漢😀\n \t\u0000\u0301";
    try (Tokenizer tokenizer =
        TokenizerBuilder.characters(alphabet).endOfSequence("<|end|>").build()) {
      int[] ids = tokenizer.encode(alphabet);
      assertArrayEquals(new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8}, ids);
      assertEquals(alphabet, tokenizer.decode(ids));
      assertEquals(0, tokenizer.encode("").length);
      assertEquals("", tokenizer.decode(new int[0]));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "  leading and trailing  ",
        "plain text, 3.14",
        "naïve café — “quotes”",
        "漢字かな한국어",
        "👩‍👩‍👧‍👦 family, 🇩🇪 flag, 😀",
        "e\u0301 is not \u00e9",
        "line\nline\r\n\ttab",
        "null \u0000 inside",
        "<think>tags</think> and <th",
        "\uFFFD replacement",
        "<|end|><|pad|>"
      })
  void bytesRepresentAnyText(String text) {
    try (Tokenizer tokenizer = bytes()) {
      int[] ids = tokenizer.encode(text);
      assertEquals(text, tokenizer.decode(ids));
    }
  }

  @Test
  void aByteIsItsOwnId() {
    try (Tokenizer tokenizer = bytes()) {
      assertArrayEquals(new int[] {0xC3, 0xA9, 0x20, 0x0A, 256}, tokenizer.encode("é \n<think>"));
      assertEquals(262, tokenizer.size());
    }
  }

  @Test
  void textThatIsNoUnicodeIsRefused() {
    try (Tokenizer tokenizer = bytes()) {
      TokenizerException e =
          assertThrows(TokenizerException.class, () -> tokenizer.encode("ab\uD83Dc"));
      assertTrue(e.getMessage().contains("(U+D83D) at character 3"), e.getMessage());
    }
  }

  @Test
  void idsBeyondTheVocabularyHaveNoTextAndNoToken() {
    try (Tokenizer tokenizer = characters()) {
      assertEquals("12", tokenizer.decode(new int[] {1, 999, 2}));
      TokenizerException e = assertThrows(TokenizerException.class, () -> tokenizer.token(20));
      assertEquals(
          "there is no token with id 20: the vocabulary's ids are 0 to 19", e.getMessage());
    }
  }

  @Test
  void impossibleVocabulariesAreRefused() {
    assertThrows(TokenizerException.class, () -> TokenizerBuilder.characters(""));
    assertThrows(TokenizerException.class, () -> TokenizerBuilder.characters("aba"));
    assertThrows(TokenizerException.class, () -> TokenizerBuilder.characters("ab").build());
    assertThrows(
        TokenizerException.class,
        () -> TokenizerBuilder.characters("ab").endOfSequence("a").build());
    assertThrows(
        TokenizerException.class,
        () -> TokenizerBuilder.characters("ab").tags(List.of("<e>")).endOfSequence("<e>").build());
  }
}
