package io.whetstone.rewards.deeplearning4j;

import java.util.regex.Pattern;

/**
 * What a completion's text says about itself in a fixed number of numbers: lengths, digits, tags,
 * steps, and how often its character n-grams fall into each of some buckets (the hashing trick,
 * Weinberger et al. 2009: a bucket's count is signed by another bit of the hash, so that collisions
 * cancel on average).
 *
 * @param buckets of hashed n-grams, 0 for none
 * @param gram characters of an n-gram
 */
public record TextFeatures(int buckets, int gram) {
  private static final int COUNTS = 10;
  private static final Pattern STEP = Pattern.compile("[;\\n]");

  public TextFeatures {
    if (buckets < 0 || gram < 1) {
      throw new IllegalArgumentException(
          "text features: buckets " + buckets + ", gram " + gram + ": expected ≥ 0 and ≥ 1");
    }
  }

  /** Numbers of a text. */
  public int size() {
    return COUNTS + buckets;
  }

  /** The text's numbers: {@link #size} of them; the same text always gives the same. */
  public float[] of(String text) {
    float[] features = new float[size()];
    int digits = (int) text.chars().filter(Character::isDigit).count();
    int thoughtEnd = text.indexOf("</think>");
    features[0] = text.length();
    features[1] = (float) StrictMath.log1p(text.length());
    features[2] = digits;
    features[3] = text.isEmpty() ? 0 : (float) digits / text.length();
    features[4] = count(text, "<think>");
    features[5] = count(text, "</think>");
    features[6] = count(text, "<answer>");
    features[7] = count(text, "</answer>");
    features[8] = (int) STEP.splitAsStream(text).filter(step -> !step.isBlank()).count();
    features[9] = Math.max(0, thoughtEnd);
    for (int i = 0; buckets > 0 && i + gram <= text.length(); i++) {
      int hash = mixed(text, i);
      features[COUNTS + Math.floorMod(hash, buckets)] += hash < 0 ? -1 : 1;
    }
    return features;
  }

  /** FNV-1a of an n-gram, its bits mixed (MurmurHash3's finaliser). */
  private int mixed(String text, int from) {
    int hash = 0x811c9dc5;
    for (int i = from; i < from + gram; i++) {
      hash = (hash ^ text.charAt(i)) * 0x01000193;
    }
    hash = (hash ^ (hash >>> 16)) * 0x85ebca6b;
    hash = (hash ^ (hash >>> 13)) * 0xc2b2ae35;
    return hash ^ (hash >>> 16);
  }

  private static int count(String text, String part) {
    int count = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
      count++;
    }
    return count;
  }
}
