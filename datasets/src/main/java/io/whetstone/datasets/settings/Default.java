package io.whetstone.datasets.settings;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What a setting is when it is left out, and who says so. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Default {
  /** The value as JSON: {@code 0.2}, {@code [3, 5]}, {@code "exact"}, {@code {}}. */
  String value();

  /** Where it comes from: a paper and its section, another tool's default, or why. */
  String source();
}
