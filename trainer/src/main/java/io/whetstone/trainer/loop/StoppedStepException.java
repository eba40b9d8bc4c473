package io.whetstone.trainer.loop;

/** A step that ends the run, with what is to be recorded of it before. */
final class StoppedStepException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final transient StepReport report;

  /**
   * @param cause why the run ends
   * @param report what the step drew
   */
  StoppedStepException(RuntimeException cause, StepReport report) {
    super(cause);
    this.report = report;
  }

  StepReport report() {
    return report;
  }

  RuntimeException reason() {
    return (RuntimeException) getCause();
  }
}
