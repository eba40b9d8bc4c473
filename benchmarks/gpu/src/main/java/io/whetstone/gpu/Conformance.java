package io.whetstone.gpu;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.conformance.BackendConformance;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** The suite that every backend passes, on the device itself. */
final class Conformance {
  /** Names the backend for {@link Suite}, which JUnit makes. */
  private static final String BACKEND = "whetstone.gpu-check.backend";

  private static final int MOST_FAILURES = 30;
  private static final int MOST_CHARACTERS = 600;

  private Conformance() {}

  /** Public as JUnit wants it. */
  public static final class Suite extends BackendConformance {
    @Override
    protected Backend open(int threads) {
      return Backends.open(System.getProperty(BACKEND), threads);
    }
  }

  static void run(Trial trial) {
    System.setProperty(BACKEND, trial.backend());
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(DiscoverySelectors.selectClass(Suite.class))
            .build();
    Results results = new Results(trial.figures());
    LauncherFactory.create().execute(request, results);
    if (results.failed > 0 || results.passed == 0) {
      throw new IllegalStateException(results.failed + " of " + results.tests + " tests failed");
    }
  }

  /** Puts each test's result down as it comes: those that did not have their turn are missing. */
  private static final class Results implements TestExecutionListener {
    private final ObjectNode figures;
    private final ArrayNode failures;
    private long tests;
    private int passed;
    private int failed;
    private int skipped;

    Results(ObjectNode figures) {
      this.figures = figures;
      failures = figures.putArray("failures");
    }

    @Override
    public void testPlanExecutionStarted(TestPlan plan) {
      tests = plan.countTestIdentifiers(TestIdentifier::isTest);
      put();
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
      skipped++;
      put();
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
      if (result.getStatus() == TestExecutionResult.Status.FAILED) {
        failed++;
        if (failures.size() < MOST_FAILURES) {
          failures
              .addObject()
              .put("test", test.getDisplayName())
              .put("why", cut(result.getThrowable().map(String::valueOf).orElse("not known")));
        }
      } else if (test.isTest()) {
        passed += result.getStatus() == TestExecutionResult.Status.SUCCESSFUL ? 1 : 0;
        skipped += result.getStatus() == TestExecutionResult.Status.ABORTED ? 1 : 0;
      }
      put();
    }

    private void put() {
      figures.put("tests", tests).put("passed", passed).put("failed-tests", failed);
      figures.put("skipped", skipped);
    }
  }

  private static String cut(String text) {
    return text.length() <= MOST_CHARACTERS ? text : text.substring(0, MOST_CHARACTERS) + "…";
  }
}
