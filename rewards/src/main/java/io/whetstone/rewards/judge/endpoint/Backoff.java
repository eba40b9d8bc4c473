package io.whetstone.rewards.judge.endpoint;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * How long to wait before a request is tried again: {@code first · 2^attempt}, at most {@code
 * most}, less a share in [0, ½) that follows from the request and the attempt, so that requests
 * that failed together do not come back together.
 */
record Backoff(Duration first, Duration most) {

  /**
   * @param key of the request
   * @param attempt that failed, from 0
   */
  Duration before(long key, int attempt) {
    double seconds = Math.min(most.toNanos() * 1e-9, first.toNanos() * 1e-9 * Math.pow(2, attempt));
    double less = new SplittableRandom(key + attempt).nextDouble() / 2;
    return Duration.ofNanos((long) (seconds * (1 - less) * 1e9));
  }

  /**
   * What a server asks for in {@code Retry-After}: seconds or a date; empty where it is neither.
   */
  static Optional<Duration> asked(String header, Instant now) {
    try {
      if (header.strip().matches("\\d{1,9}(\\.\\d+)?")) {
        return Optional.of(Duration.ofMillis((long) (Double.parseDouble(header.strip()) * 1000)));
      }
      Instant then =
          ZonedDateTime.parse(header.strip(), DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      return Optional.of(then.isBefore(now) ? Duration.ZERO : Duration.between(now, then));
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }
}
