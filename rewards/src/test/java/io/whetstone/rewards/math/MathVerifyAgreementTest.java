package io.whetstone.rewards.math;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Agreement with Math-Verify's verdicts; {@code src/test/python/math_agreement.py} made the table.
 */
class MathVerifyAgreementTest {

  /** Where it is wrong: |x + 1| is √(x² + 2x + 1) for every real x. */
  private static final Map<String, String> DEVIATIONS =
      Map.of(
          "\\sqrt{x^2+2x+1} ~ |x+1|", "correct, not wrong",
          "|x+1| ~ \\sqrt{x^2+2x+1}", "correct, not wrong");

  @Test
  void verdictsAreTheSameButForTheListedOnes() {
    Map<String, String> found = new TreeMap<>();
    for (String[] row : Tables.rows("math-verify.tsv")) {
      String ours = Tables.verdict(row[0], Tables.boxed(row[1]));
      String verdict = ours.equals("unparseable") ? "wrong" : ours;
      if (!verdict.equals(row[2])) {
        found.put(row[0] + " ~ " + row[1], verdict + ", not " + row[2]);
      }
    }
    assertEquals(new TreeMap<>(DEVIATIONS), found);
  }
}
