/**
 * GGUF, llama.cpp's files: read, so that a model starts from one, and written, so that llama.cpp
 * serves what was trained.
 *
 * <pre>
 *   GgufFile (bytes, checked) → GgufConfig (metadata → ModelConfig), GgufTokenizer, GgufWeights
 *   GgufDirectory: the small files of a model's directory, made of one; all else reads these
 *   GgufExport → GgufWriter
 * </pre>
 */
package io.whetstone.checkpoints.gguf;
