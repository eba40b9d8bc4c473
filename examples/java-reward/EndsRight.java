import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.Score;

/** 1 for a completion whose last answer is the gold one. One file, compiled when the run starts. */
public final class EndsRight implements Reward.OfCandidate {

  @Override
  public Score score(Task task, Candidate candidate) {
    if (task.answer().isEmpty()) {
      return Score.notApplicable();
    }
    boolean right = candidate.text().endsWith("<answer>" + task.answer().get() + "</answer>");
    return right ? Score.correct() : Score.wrong();
  }
}
