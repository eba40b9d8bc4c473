package io.whetstone.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.checkpoints.AdaptedModel;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.PeftAdapter;
import io.whetstone.checkpoints.StoredType;
import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.ScalarHead;
import io.whetstone.model.Transformer;
import io.whetstone.rewards.models.HiddenStates;
import io.whetstone.rewards.models.RewardForm;
import io.whetstone.rewards.models.Scorable;
import io.whetstone.rewards.models.ScoreModel;
import io.whetstone.rewards.models.StepRule;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Tensor;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a reward model begins as: a policy, a policy with its adapter, a classifier. */
class RewardModelStartTest {
  private static final RewardForm OUTCOME =
      new RewardForm(RewardForm.Kind.OUTCOME, true, StepRule.LINES);
  private static final RewardForm PROCESS =
      new RewardForm(RewardForm.Kind.PROCESS, true, new StepRule(";", ""));
  private static final String ADAPTED = "model.layers.1.mlp.down_proj";
  private static final List<Scorable> ASKED =
      List.of(new Scorable(new int[] {1, 2}, new int[] {3, 4, 5}, new int[] {0, 2}));

  @TempDir private Path directory;
  private Path policy;
  private Backend backend;

  @BeforeEach
  void write() throws IOException {
    backend = Backends.open("cpu", 1);
    policy = directory.resolve("policy");
    ModelConfig shape =
        new ModelConfig(
            12, 16, 2, new Heads(2, 1, 8), 24, Gate.SILU, 10_000, 1e-6f, true, false, 32);
    try (Tokenizer tokenizer =
            TokenizerBuilder.characters("0123456789")
                .endOfSequence("<|end|>")
                .pad("<|p|>")
                .build();
        Transformer model = Transformer.create(backend, shape, DType.F32, true)) {
      model.initialise(3, 0.3);
      HuggingFaceModel.save(policy, shape, model.weights(), DType.F32, backend, tokenizer);
    }
  }

  @AfterEach
  void close() {
    backend.close();
  }

  private ScoreModel open(Path from, RewardForm form) {
    return RewardModelStart.of(from).open(form, backend, DType.F32, 7);
  }

  @Test
  void aPolicyGetsANewHead() {
    try (ScoreModel model = open(policy, OUTCOME);
        Policy own = Policy.load(policy, backend, DType.F32);
        ScoreModel same = ScoreModel.start(OUTCOME, own.model(), own.tokenizer(), 7)) {
      assertArrayEquals(same.scores(ASKED, 100), model.scores(ASKED, 100));
      assertEquals(own.tokenizer().sha256(), model.tokenizer().sha256());
      assertTrue(model.parameters().size() > 1, "it is there to be trained");
    }
  }

  /** A scalar head's score is its weight times the state that a head sees. */
  @Test
  void hiddenStatesAreThoseThatAHeadScores() throws IOException {
    Path kept = directory.resolve("kept");
    List<Scorable> asked =
        List.of(
            new Scorable(new int[] {1, 2}, new int[] {3, 4, 5}, new int[] {2}),
            new Scorable(new int[] {6}, new int[] {7, 8}, new int[] {1}));
    try (Policy own = Policy.load(policy, backend, DType.F32);
        ScoreModel model = ScoreModel.start(OUTCOME, own.model(), own.tokenizer(), 7);
        HiddenStates states = HiddenStates.copy(own.model(), own.tokenizer(), 3)) {
      float[] head = backend.readFloats(model.weights().get(ScalarHead.NAME));
      double[][] scores = model.scores(asked, 100);
      float[][] found = states.of(asked);
      for (int i = 0; i < found.length; i++) {
        double score = 0;
        for (int c = 0; c < head.length; c++) {
          score += (double) head[c] * found[i][c];
        }
        assertEquals(scores[i][0], score);
      }
      assertEquals(8, states.cost().take().tokens());
      assertEquals(0, states.cost().take().computed());
      states.save(kept);
      try (HiddenStates again = HiddenStates.load(kept, backend, DType.F32, 100)) {
        assertArrayEquals(found, again.of(asked));
      }
    }
  }

  @Test
  void anAdapterIsMergedIntoItsModel() throws IOException {
    Path adapter = directory.resolve("adapter");
    Lora lora = new Lora(2, 6, 0, false, new TreeSet<>(List.of(ADAPTED)));
    float[] a;
    float[] b;
    try (Transformer model =
        HuggingFaceModel.load(
            policy, backend, DType.F32, Optional.of(lora), true, Optional.empty())) {
      Random random = new Random(5);
      Map<String, Tensor> factors = model.trained();
      a = filled(factors.get("base_model.model." + ADAPTED + ".lora_A.weight"), random);
      b = filled(factors.get("base_model.model." + ADAPTED + ".lora_B.weight"), random);
      PeftAdapter.save(
          adapter, model, factors, name -> StoredType.F32, AdaptedModel.at(policy.toString()));
    }
    try (ScoreModel plain = open(policy, OUTCOME);
        ScoreModel merged = open(adapter, OUTCOME)) {
      float[] before = backend.readFloats(plain.weights().get(ADAPTED + ".weight"));
      float[] after = backend.readFloats(merged.weights().get(ADAPTED + ".weight"));
      int inputs = 24;
      for (int o = 0; o < 16; o++) {
        for (int i = 0; i < inputs; i++) {
          double sum = before[o * inputs + i];
          for (int r = 0; r < 2; r++) {
            sum += 6.0 / 2 * b[o * 2 + r] * a[r * inputs + i];
          }
          assertEquals(sum, after[o * inputs + i], 1e-6);
        }
      }
      String other = "model.layers.0.mlp.down_proj.weight";
      assertArrayEquals(
          backend.readFloats(plain.weights().get(other)),
          backend.readFloats(merged.weights().get(other)));
    }
  }

  private float[] filled(Tensor tensor, Random random) {
    float[] numbers = backend.readFloats(tensor);
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = random.nextFloat() - 0.5f;
    }
    backend.write(tensor, numbers);
    return numbers;
  }

  @Test
  void aClassifierKeepsItsHead() throws IOException {
    Path classifier = directory.resolve("classifier");
    double[][] scores;
    float[] head;
    try (ScoreModel model = open(policy, OUTCOME)) {
      scores = model.scores(ASKED, 100);
      head = backend.readFloats(model.weights().get(ScalarHead.NAME));
      model.save(classifier);
    }
    try (ScoreModel model = open(classifier, PROCESS)) {
      assertArrayEquals(scores, model.scores(ASKED, 100));
      assertArrayEquals(head, backend.readFloats(model.weights().get(ScalarHead.NAME)));
      assertEquals(PROCESS, model.form());
      model.accumulate(ASKED, 100, s -> new double[][] {{1, 1}});
    }
  }

  @Test
  void whatIsNoneOfThemIsSaid() throws IOException {
    Path empty = Files.createDirectory(directory.resolve("empty"));
    String message =
        assertThrows(IllegalArgumentException.class, () -> RewardModelStart.of(empty)).getMessage();
    assertTrue(message.startsWith("from: " + empty + ": is neither a model"), message);
    Path several = directory.resolve("several");
    try (ScoreModel model = open(policy, OUTCOME)) {
      model.save(several);
    }
    Path config = several.resolve(HuggingFaceModel.CONFIG);
    Files.writeString(
        config, Files.readString(config).replace("\"0\" :", "\"1\" : \"LABEL_1\", \"0\" :"));
    String labels =
        assertThrows(RuntimeException.class, () -> RewardModelStart.of(several)).getMessage();
    assertTrue(labels.contains("2 labels; expected 1"), labels);
  }
}
