package io.whetstone.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class StreamingDecoderTest {
  @Test
  void aCharacterComesWithItsLastByte() {
    try (Tokenizer tokenizer = TokenizerBuilderTest.bytes()) {
      StreamingDecoder decoder = tokenizer.streamingDecoder();
      assertEquals("a", decoder.add('a'));
      assertEquals("", decoder.add(0xF0));
      assertEquals("", decoder.add(0x9F));
      assertEquals("", decoder.add(0x98));
      assertEquals("😀", decoder.add(0x80));
      assertEquals("<think>", decoder.add(256));
      assertEquals("", decoder.finish());
    }
  }

  @Test
  void aCutCharacterIsReplacedOnceItCannotBeCompletedAndAtTheEnd() {
    try (Tokenizer tokenizer = TokenizerBuilderTest.bytes()) {
      StreamingDecoder decoder = tokenizer.streamingDecoder();
      assertEquals("", decoder.add(0xE6));
      assertEquals("\uFFFDb", decoder.add('b'));
      assertEquals("\uFFFD", decoder.add(0x80));
      assertEquals("", decoder.add(0xC3));
      assertEquals("\uFFFD", decoder.finish());
      assertEquals("b", decoder.add('b'));
    }
  }

  @Test
  void charactersOfAnAlphabetComeAtOnce() {
    try (Tokenizer tokenizer = TokenizerBuilderTest.characters()) {
      StreamingDecoder decoder = tokenizer.streamingDecoder();
      assertEquals("7", decoder.add(7));
      assertEquals("</answer>", decoder.add(17));
      assertEquals("", decoder.add(-1));
      assertEquals("", decoder.finish());
    }
  }
}
