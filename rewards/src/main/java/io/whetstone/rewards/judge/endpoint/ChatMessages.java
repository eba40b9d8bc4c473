package io.whetstone.rewards.judge.endpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.rewards.Expense;
import io.whetstone.rewards.judge.Answer;
import io.whetstone.rewards.judge.Question;
import java.io.IOException;

/** Chat completions as JSON: a question out, an answer in. */
record ChatMessages(EndpointSettings settings) {

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

  /** A response that is not what the protocol has. */
  static final class NotAnAnswerException extends IOException {
    NotAnAnswerException(String message) {
      super(message);
    }
  }

  /** The request's body; the same question gives the same bytes. */
  byte[] body(Question question) {
    ObjectNode body = JSON.createObjectNode();
    body.put("model", settings.model());
    ArrayNode messages = body.putArray("messages");
    question.system().ifPresent(text -> message(messages, "system", text));
    message(messages, "user", question.text());
    body.put("temperature", settings.temperature());
    body.put(settings.maxTokensField(), settings.maxTokens());
    settings.seed().ifPresent(seed -> body.put("seed", seed + question.vote()));
    settings.body().forEach((key, value) -> body.set(key, JSON.valueToTree(value)));
    try {
      return JSON.writeValueAsBytes(body);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void message(ArrayNode messages, String role, String text) {
    // A lone surrogate, which a tokenizer may produce, is no UTF-8.
    messages.addObject().put("role", role).put("content", wellFormed(text));
  }

  private static String wellFormed(String text) {
    StringBuilder sound = new StringBuilder(text.length());
    text.codePoints().forEach(c -> sound.appendCodePoint(c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c));
    return sound.toString();
  }

  /**
   * The answer in a response.
   *
   * @throws NotAnAnswerException where there is none
   */
  Answer.Given answer(byte[] response, String contentType) throws NotAnAnswerException {
    JsonNode root;
    try {
      root = JSON.readTree(response);
    } catch (IOException e) {
      throw new NotAnAnswerException(
          "the response is no JSON (content type " + contentType + "): " + shortened(response));
    }
    JsonNode choice = root.path("choices").path(0);
    JsonNode content = choice.path("message").path("content");
    if (choice.isMissingNode() || !content.isTextual() && !content.isArray()) {
      throw new NotAnAnswerException("the response holds no answer: " + shortened(response));
    }
    StringBuilder text = new StringBuilder(content.isTextual() ? content.textValue() : "");
    content.forEach(part -> text.append(part.path("text").asText("")));
    JsonNode usage = root.path("usage");
    return new Answer.Given(
        text.toString(),
        !choice.path("finish_reason").asText("").equals("length"),
        expense(usage.path("prompt_tokens").asLong(0), usage.path("completion_tokens").asLong(0)));
  }

  Expense expense(long promptTokens, long answerTokens) {
    return new Expense(
        promptTokens,
        answerTokens,
        (promptTokens * settings.price().prompt() + answerTokens * settings.price().answer())
            / 1e6);
  }

  /** What a server says of an error: its message, else the beginning of what it sent. */
  static String complaint(byte[] response) {
    try {
      JsonNode root = JSON.readTree(response);
      JsonNode error = root.path("error");
      for (JsonNode message : new JsonNode[] {error.path("message"), error, root.path("message")}) {
        if (message.isTextual()) {
          return message.textValue();
        }
      }
    } catch (IOException e) {
      // Said as it is.
    }
    return shortened(response);
  }

  /** The code that OpenAI gives a kind of error; empty where there is none. */
  static String code(byte[] response) {
    try {
      return JSON.readTree(response).path("error").path("code").asText("");
    } catch (IOException e) {
      return "";
    }
  }

  private static String shortened(byte[] response) {
    String text = new String(response, java.nio.charset.StandardCharsets.UTF_8).strip();
    return text.isEmpty() ? "nothing" : text.length() <= 200 ? text : text.substring(0, 200) + "…";
  }
}
