package io.whetstone.datasets;

import io.whetstone.datasets.settings.Inline;
import java.nio.file.Path;

/**
 * How a JSONL file becomes tasks.
 *
 * @param path the file
 * @param columns its fields
 * @param reading what is kept of it
 */
public record JsonlSettings(Path path, @Inline Columns columns, @Inline Reading reading) {}
