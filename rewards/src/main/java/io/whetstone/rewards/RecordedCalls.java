package io.whetstone.rewards;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Calls of rewards: those that are on record are not made, those that must be are recorded. */
record RecordedCalls(List<CheckedReward> calls, ScoreRecord scores) {

  /** The results, in the calls' order. */
  List<List<Score>> run(DeadlineCalls threads) throws InterruptedException {
    List<Optional<List<Score>>> known = new ArrayList<>();
    List<CheckedReward> missing = new ArrayList<>();
    for (CheckedReward call : calls) {
      Optional<List<Score>> its = scores == ScoreRecord.NONE ? Optional.empty() : recall(call);
      known.add(its);
      if (its.isEmpty()) {
        missing.add(call);
      }
    }
    List<List<Score>> found = threads.run(missing);
    List<Map.Entry<String, List<Score>>> kept = new ArrayList<>();
    List<List<Score>> results = new ArrayList<>();
    int next = 0;
    for (Optional<List<Score>> its : known) {
      if (its.isEmpty()) {
        CheckedReward call = missing.get(next);
        List<Score> result = found.get(next++);
        if (scores != ScoreRecord.NONE && mustBeKept(call, result)) {
          kept.add(Map.entry(name(call), result));
        }
        results.add(result);
      } else {
        results.add(its.get());
      }
    }
    if (!kept.isEmpty()) {
      scores.record(kept);
    }
    return results;
  }

  private Optional<List<Score>> recall(CheckedReward call) {
    return scores
        .recall(name(call))
        .filter(recorded -> recorded.size() == call.group().candidates().size());
  }

  /** What failed once, a deadline above all, may go well the next time. */
  private static boolean mustBeKept(CheckedReward call, List<Score> result) {
    return !call.reward().reward().repeats()
        || result.stream().anyMatch(s -> s.failed() || s.outcome() == Outcome.TIMEOUT);
  }

  private static String name(CheckedReward call) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      add(digest, call.group().task().id());
      add(digest, call.group().task().prompt());
      add(digest, call.group().promptPrefix());
      for (Candidate candidate : call.group().candidates()) {
        add(digest, candidate.text());
        add(digest, candidate.stopReason());
        for (int id : candidate.ids()) {
          digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, id));
        }
      }
      return call.reward().name() + " " + HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void add(MessageDigest digest, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_16BE); // keeps lone surrogates apart
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes.length));
    digest.update(bytes);
  }
}
