package io.whetstone.rewards.instructions;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Names;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.behaviour.Part;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * {@code ifeval}: are the task's verifiable instructions followed? IFEval (Zhou et al. 2023).
 *
 * <p>The task's field {@code instruction_id_list} names them and {@code kwargs} has their
 * arguments, an object each, as in the published data. {@code all}: correct where every one is
 * followed, else wrong. {@code share}: the share that is. Loose: followed where the response is, or
 * without its first or last line or both, each with and without asterisks.
 */
public final class IfevalProvider implements RewardProvider {

  /** How a response is read. */
  public enum Mode {
    STRICT,
    LOOSE
  }

  /** What several instructions are worth together. */
  public enum Credit {
    ALL,
    SHARE
  }

  /** The reward's settings. */
  public record IfevalSettings(
      @Default(value = "\"strict\"", source = "IFEval, Zhou et al. 2023, §2.3") Mode mode,
      @Default(value = "\"all\"", source = "prompt-level accuracy, IFEval, Zhou et al. 2023, §3")
          Credit credit,
      @Default(value = "\"response\"", source = "instructions are about the answer") Part of) {}

  @Override
  public String name() {
    return "ifeval";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    return new Ifeval(Settings.read(settings, IfevalSettings.class, ""), new Instructions());
  }

  private record Ifeval(IfevalSettings settings, Instructions instructions) implements Reward {

    @Override
    public void check(Task task) {
      instructions(task);
    }

    /** By name, numbered where one occurs twice. */
    private Map<String, Instruction> instructions(Task task) {
      Map<String, Instruction> made = new LinkedHashMap<>();
      Object ids = task.fields().get("instruction_id_list");
      if (ids == null) {
        return made;
      }
      if (!(ids instanceof List<?> names)) {
        throw new DatasetException("instruction_id_list: is not a list of names");
      }
      Object arguments = task.fields().get("kwargs");
      if (arguments != null
          && !(arguments instanceof List<?> list && list.size() == names.size())) {
        throw new DatasetException(
            "kwargs: is not a list of %d objects, one for each instruction"
                .formatted(names.size()));
      }
      for (int i = 0; i < names.size(); i++) {
        String name = String.valueOf(names.get(i));
        if (!instructions.names().contains(name)) {
          throw new DatasetException(
              "instruction_id_list: \"%s\" %s"
                  .formatted(name, Names.unknown(name, instructions.names())));
        }
        Map<String, Object> its = new LinkedHashMap<>();
        if (arguments instanceof List<?> list && list.get(i) instanceof Map<?, ?> given) {
          given.forEach((key, value) -> its.put(String.valueOf(key), value));
        }
        Instruction instruction = instructions.make(new Arguments(name, its));
        made.put(made.containsKey(name) ? name + " (" + (i + 1) + ")" : name, instruction);
      }
      return made;
    }

    @Override
    public List<Score> score(Group group) {
      Map<String, Instruction> wanted = instructions(group.task());
      List<Score> scores = new ArrayList<>();
      for (Candidate candidate : group.candidates()) {
        scores.add(
            wanted.isEmpty()
                ? Score.notApplicable()
                : score(wanted, settings.of().of(group.promptPrefix(), candidate.text())));
      }
      return scores;
    }

    private Score score(Map<String, Instruction> wanted, String response) {
      List<String> readings =
          settings.mode() == Mode.STRICT ? List.of(response) : readings(response);
      List<String> missed = new ArrayList<>();
      wanted.forEach(
          (name, instruction) -> {
            if (readings.stream().noneMatch(r -> !r.isBlank() && instruction.isFollowedBy(r))) {
              missed.add(name);
            }
          });
      double share = 1 - (double) missed.size() / wanted.size();
      Score score =
          settings.credit() == Credit.SHARE
              ? Score.scored(share)
              : missed.isEmpty() ? Score.correct() : Score.wrong();
      return missed.isEmpty() ? score : score.withNote("missed", String.join(", ", missed));
    }

    private static List<String> readings(String response) {
      int first = response.indexOf('\n');
      int last = response.lastIndexOf('\n');
      String withoutFirst = first < 0 ? "" : response.substring(first + 1).strip();
      String withoutLast = last < 0 ? "" : response.substring(0, last).strip();
      String withoutBoth = first < last ? response.substring(first + 1, last).strip() : "";
      LinkedHashSet<String> readings = new LinkedHashSet<>();
      for (String each : List.of(response, withoutFirst, withoutLast, withoutBoth)) {
        readings.add(each);
        readings.add(each.replace("*", ""));
      }
      return List.copyOf(readings);
    }
  }
}
