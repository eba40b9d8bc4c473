package io.whetstone.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Text to token ids and back, as a {@code tokenizer.json} says.
 *
 * <p>Tokens that the file lists as added (tags, end of sequence) are recognised in the text; none
 * is added, nothing is cut, nothing is padded. {@code decode(encode(text))} is {@code text}, or
 * {@link #encode} fails. Two kinds of tokenizer are excused, since their models know no better:
 * those that declare a Unicode normal form (Qwen's NFC) give the text back in that form, and
 * SentencePiece's put a space after an added token. Safe for use by several threads.
 */
public final class Tokenizer implements AutoCloseable {
  private final TokenizerFiles files;
  private final Vocabulary vocabulary;
  private final HuggingFaceTokenizer encoder;

  private Tokenizer(TokenizerFiles files, HuggingFaceTokenizer encoder) {
    this.files = files;
    this.vocabulary = new Vocabulary(files);
    this.encoder = encoder;
  }

  /**
   * Reads {@code tokenizer.json}, and the end-of-sequence, padding and beginning-of-sequence tokens
   * from {@code tokenizer_config.json}, {@code generation_config.json} and {@code config.json}
   * where these are present.
   *
   * @throws TokenizerException when a file is missing or is not what it should be
   */
  public static Tokenizer load(Path directory) {
    TokenizerFiles files = TokenizerFiles.read(directory);
    TokenizerTrial.asConfigured()
        .ifPresent(trial -> trial.require(directory.resolve(TokenizerFiles.TOKENIZER), files));
    return of(files);
  }

  static Tokenizer of(TokenizerFiles files) {
    try {
      return new Tokenizer(files, library(files.tokenizerJson()));
    } catch (TokenizerException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw new TokenizerException(
          files.origin() + ": not a tokenizer this build can read: " + e.getMessage(), e);
    }
  }

  /** The library's tokenizer, which adds nothing, cuts nothing and pads nothing. */
  static HuggingFaceTokenizer library(byte[] tokenizerJson) throws IOException {
    return HuggingFaceTokenizer.newInstance(
        new ByteArrayInputStream(tokenizerJson),
        Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false"));
  }

  /**
   * The ids of a text.
   *
   * @throws TokenizerException naming the first character that the vocabulary cannot represent
   */
  public int[] encode(String text) {
    Representability.requireWellFormed(text);
    int[] ids;
    try {
      ids = rawEncode(text);
    } catch (RuntimeException e) {
      throw Representability.failure(this, text);
    }
    if (!comesBack(text, decode(ids))) {
      throw Representability.failure(this, text);
    }
    return ids;
  }

  /**
   * The ids of a text and which of its characters each of them stands for.
   *
   * @throws TokenizerException as {@link #encode} does
   */
  public Encoded encodeWithSpans(String text) {
    int[] ids = encode(text);
    int[] from = new int[ids.length];
    int[] to = new int[ids.length];
    if (ids.length > 0) {
      CharSpan[] spans = encoder.encode(text, false, false).getCharTokenSpans();
      CodePoints places = new CodePoints(text);
      for (int i = 0; i < ids.length; i++) {
        // A token that stands for no character, such as SentencePiece's first space.
        boolean nothing = spans[i] == null;
        from[i] = nothing ? (i == 0 ? 0 : to[i - 1]) : places.index(spans[i].getStart());
        to[i] = nothing ? from[i] : places.index(spans[i].getEnd());
      }
    }
    return new Encoded(ids, from, to);
  }

  /**
   * What {@code tokenizer.json} puts in front of every text where special tokens are asked for:
   * Llama's beginning of sequence, nothing for Qwen. A chat template writes it itself.
   */
  public int[] leading() {
    if (files.definition().path("post_processor").isEmpty()) {
      return new int[0];
    }
    String probe = addedTokens().stream().findFirst().orElse("a");
    long[] plain = encoder.encode(probe, false, false).getIds();
    long[] framed = encoder.encode(probe, true, false).getIds();
    int before = Collections.lastIndexOfSubList(boxed(framed), boxed(plain));
    return Arrays.stream(framed).limit(Math.max(0, before)).mapToInt(Math::toIntExact).toArray();
  }

  /**
   * The ids of a text that stands at the very beginning, as transformers gives them where it is
   * asked for special tokens: {@link #leading}, unless the text is begun with these already, and
   * {@link #encode}. What a post-processor puts behind a text, an end of sequence, is not for a
   * text that goes on.
   *
   * @throws TokenizerException as {@link #encode} does
   */
  public int[] encodeFromStart(String text) {
    int[] leading = leading();
    int[] ids = encode(text);
    boolean begun =
        ids.length >= leading.length
            && Arrays.equals(leading, 0, leading.length, ids, 0, leading.length);
    return begun ? ids : IntStream.concat(Arrays.stream(leading), Arrays.stream(ids)).toArray();
  }

  private static List<Long> boxed(long[] ids) {
    return Arrays.stream(ids).boxed().toList();
  }

  /** Texts of the tokens that are recognised whole: tags, end of sequence, padding. */
  public List<String> addedTokens() {
    return vocabulary.addedTokens();
  }

  /** A file that was beside {@code tokenizer.json}: {@code chat_template.jinja}. */
  public Optional<byte[]> companion(String name) {
    return Optional.ofNullable(files.companions().get(name));
  }

  /** Names of the files in a directory that was beside it, {@code additional_chat_templates/}. */
  public List<String> companions(String directory) {
    return files.companions().keySet().stream().filter(name -> name.startsWith(directory)).toList();
  }

  /** Where it was read from, for messages. */
  public String origin() {
    return files.origin();
  }

  /** How long the added token is that starts at an index of the text; 0 for none. */
  int addedTokenAt(String text, int index) {
    return vocabulary.addedTokens().stream()
        .filter(token -> text.startsWith(token, index))
        .mapToInt(String::length)
        .max()
        .orElse(0);
  }

  /** The library's answer, unchecked. */
  int[] rawEncode(String text) {
    return text.isEmpty()
        ? new int[0]
        : Arrays.stream(encoder.encode(text, false, false).getIds())
            .mapToInt(Math::toIntExact)
            .toArray();
  }

  private boolean comesBack(String text, String back) {
    if (back.equals(text)) {
      return true;
    }
    if (vocabulary.bytesOfTokens().isEmpty() && Representability.onlySpacesInserted(text, back)) {
      return true;
    }
    return vocabulary
        .normalForm()
        .map(form -> Normalizer.normalize(text, form).equals(Normalizer.normalize(back, form)))
        .orElse(false);
  }

  /** The text of ids, added tokens included; ids beyond the vocabulary have no text. */
  public String decode(int[] ids) {
    return ids.length == 0
        ? ""
        : encoder.decode(Arrays.stream(ids).asLongStream().toArray(), false);
  }

  /** A decoder for one sequence whose ids come one by one. */
  public StreamingDecoder streamingDecoder() {
    return vocabulary
        .bytesOfTokens()
        .<StreamingDecoder>map(ByteStreamingDecoder::new)
        .orElseGet(() -> new WindowStreamingDecoder(this));
  }

  /**
   * The vocabulary's own spelling of a token: for byte-level vocabularies not plain text ({@code
   * Ġhello}).
   *
   * @throws TokenizerException when there is no such id
   */
  public String token(int id) {
    String token = vocabulary.token(id);
    if (token == null) {
      throw new TokenizerException(
          "there is no token with id " + id + ": the vocabulary's ids are 0 to " + (size() - 1));
    }
    return token;
  }

  /** The id of a token in the vocabulary's own spelling. */
  public OptionalInt id(String token) {
    return vocabulary.id(token);
  }

  /** The highest id plus one; a model's embedding needs at least so many rows. */
  public int size() {
    return vocabulary.size();
  }

  /**
   * The same without added tokens. Published models have added tokens without a row in their
   * embedding (Gemma 3's for images); text gives none of these.
   */
  public int plainSize() {
    return vocabulary.plainSize();
  }

  /** Ids that end a sequence, the one that training examples end with first; may be empty. */
  public List<Integer> endOfSequence() {
    return vocabulary.endOfSequence();
  }

  public OptionalInt pad() {
    return vocabulary.pad();
  }

  public OptionalInt beginningOfSequence() {
    return vocabulary.beginningOfSequence();
  }

  /** True for a token that is recognised whole in the text: a tag, end of sequence, padding. */
  public boolean isSpecial(int id) {
    return vocabulary.isSpecial(id);
  }

  /**
   * Writes {@code tokenizer.json}, to the byte as it was read, and a {@code tokenizer_config.json}
   * with which transformers' AutoTokenizer loads it; a chat template is kept.
   */
  public void save(Path directory) throws IOException {
    Files.createDirectories(directory);
    files.write(directory, vocabulary);
  }

  /** SHA-256 of {@code tokenizer.json}, in hexadecimal. */
  public String sha256() {
    return files.sha256();
  }

  boolean exists(int id) {
    return vocabulary.token(id) != null;
  }

  /** True for SentencePiece's byte tokens, spelled {@code <0x0A>}. */
  boolean isByte(int id) {
    return exists(id) && token(id).matches("<0x[0-9A-F]{2}>");
  }

  @Override
  public void close() {
    encoder.close();
  }
}
