package io.whetstone.hub;

/** Hears how downloads go; called from the thread that downloads. */
public interface DownloadListener {

  /** Hears nothing. */
  DownloadListener SILENT = new DownloadListener() {};

  /**
   * Bytes came in.
   *
   * @param file of what repository, and which
   * @param done bytes of all that is to be downloaded, those of earlier attempts included
   * @param total bytes of all that is to be downloaded
   * @param bytesPerSecond over the last seconds; 0 where not known yet
   */
  default void progress(String file, long done, long total, double bytesPerSecond) {}

  /** Something is tried again, or waited for; in words. */
  default void note(String what) {}

  /** A repository is complete in the cache. */
  default void done(String repository, long bytes) {}
}
