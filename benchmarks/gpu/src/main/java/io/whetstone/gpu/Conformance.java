package io.whetstone.gpu;

import com.fasterxml.jackson.databind.node.ArrayNode;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.conformance.BackendConformance;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

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
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(DiscoverySelectors.selectClass(Suite.class))
            .build();
    LauncherFactory.create().execute(request, listener);
    TestExecutionSummary summary = listener.getSummary();
    trial.figures().put("tests", summary.getTestsFoundCount());
    trial.figures().put("passed", summary.getTestsSucceededCount());
    trial.figures().put("skipped", summary.getTestsAbortedCount() + summary.getTestsSkippedCount());
    ArrayNode failures = trial.figures().putArray("failures");
    summary.getFailures().stream()
        .limit(MOST_FAILURES)
        .forEach(
            failure ->
                failures
                    .addObject()
                    .put("test", failure.getTestIdentifier().getDisplayName())
                    .put("why", cut(String.valueOf(failure.getException()))));
    if (summary.getTotalFailureCount() > 0 || summary.getTestsSucceededCount() == 0) {
      throw new IllegalStateException(
          summary.getTotalFailureCount() + " of " + summary.getTestsFoundCount() + " tests failed");
    }
  }

  private static String cut(String text) {
    return text.length() <= MOST_CHARACTERS ? text : text.substring(0, MOST_CHARACTERS) + "…";
  }
}
