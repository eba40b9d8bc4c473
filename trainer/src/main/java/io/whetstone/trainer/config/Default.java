package io.whetstone.trainer.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What a key means when it is left out, and who says so. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Default {
  /** The value, as YAML: {@code 0.2}, {@code []}, {@code {kind: constant}}. */
  String value();

  /** Where the value comes from: a paper and its section, another tool's default, or why. */
  String source();
}
