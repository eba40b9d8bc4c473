"""Makes src/test/resources/ifeval/golden.json with lm-evaluation-harness's IFEval.

    pip install --no-deps lm_eval && pip install nltk langdetect immutabledict regex
    python make_ifeval_golden.py > ../resources/ifeval/golden.json

Sentences are left out: NLTK's splitter is a trained model that is downloaded. Words in capitals are
counted with NLTK's tokenizer over the whole response, which needs no model.
"""

import importlib.util
import json
import pathlib
import sys
import types

import langdetect
import nltk
from nltk.tokenize import NLTKWordTokenizer

langdetect.DetectorFactory.seed = 0
nltk.data.find = lambda *a, **k: "there"
nltk.word_tokenize = lambda text: NLTKWordTokenizer().tokenize(text)


def load():
    spec = importlib.util.find_spec("lm_eval")
    folder = pathlib.Path(spec.submodule_search_locations[0]) / "tasks" / "ifeval"
    for name in ("lm_eval", "lm_eval.tasks", "lm_eval.tasks.ifeval"):
        sys.modules[name] = types.ModuleType(name)
    for name in ("instructions_util", "instructions", "instructions_registry"):
        full = f"lm_eval.tasks.ifeval.{name}"
        spec = importlib.util.spec_from_file_location(full, folder / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        setattr(sys.modules["lm_eval.tasks.ifeval"], name, module)
        spec.loader.exec_module(module)
    return sys.modules["lm_eval.tasks.ifeval.instructions_registry"].INSTRUCTION_DICT


INSTRUCTIONS = [
    ("keywords:existence", {"keywords": ["river", "Stone"]}),
    ("keywords:existence", {"keywords": ["a.b"]}),
    ("keywords:frequency", {"keyword": "stone", "frequency": 2, "relation": "at least"}),
    ("keywords:frequency", {"keyword": "the", "frequency": 3, "relation": "less than"}),
    ("keywords:forbidden_words", {"forbidden_words": ["river", "sand"]}),
    ("keywords:forbidden_words", {"forbidden_words": ["ive"]}),
    ("keywords:letter_frequency", {"letter": "e", "let_frequency": 10, "let_relation": "at least"}),
    ("keywords:letter_frequency", {"letter": "z", "let_frequency": 1, "let_relation": "less than"}),
    ("language:response_language", {"language": "en"}),
    ("language:response_language", {"language": "de"}),
    ("length_constraints:number_words", {"num_words": 12, "relation": "at least"}),
    ("length_constraints:number_words", {"num_words": 6, "relation": "less than"}),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 3}),
    ("length_constraints:nth_paragraph_first_word",
     {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "second"}),
    ("length_constraints:nth_paragraph_first_word",
     {"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "the"}),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}),
    ("detectable_format:number_bullet_lists", {"num_bullets": 3}),
    ("detectable_format:constrained_response", {}),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 4}),
    ("detectable_format:multiple_sections", {"section_spliter": "Section", "num_sections": 2}),
    ("detectable_format:multiple_sections", {"section_spliter": "PART", "num_sections": 1}),
    ("detectable_format:json_format", {}),
    ("detectable_format:title", {}),
    ("combination:two_responses", {}),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Say the word."}),
    ("startend:end_checker", {"end_phrase": "Any other questions?"}),
    ("startend:quotation", {}),
    ("change_case:capital_word_frequency", {"capital_frequency": 3, "capital_relation": "at least"}),
    ("change_case:capital_word_frequency", {"capital_frequency": 2, "capital_relation": "less than"}),
    ("change_case:english_capital", {}),
    ("change_case:english_lowercase", {}),
    ("punctuation:no_comma", {}),
]

RESPONSES = [
    "The river runs over the stone and the Stone stays where it is.",
    "the quick brown fox jumps over the lazy dog and then it sleeps for a while in the sun",
    "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG AND THEN IT SLEEPS FOR A WHILE IN THE SUN",
    "Der schnelle braune Fuchs springt über den faulen Hund und schläft dann in der Sonne.",
    "First paragraph here.\n\nSecond, paragraph there.",
    "\"Second\" is not first.\n\n'Second' is it.",
    "The only one.\n\n\n",
    "One part.\n***\nAnother part.",
    "One part.\n*** \n***\nAnother part.",
    "***\nOne part.\n***\nAnother part.\n***\nA third one.\n***",
    "Dear [name], I live at [street] in [city].",
    "Dear [name\n], nothing [] else.",
    "A letter.\n\nP.S. I forgot the sand.",
    "A letter.\np. s. like this\nP. P. S. and this",
    "* one\n* two\n* three",
    "Intro\n- one\n- two\n\n* three\n** not a bullet",
    "*one* and **two** and ***three***",
    "**bold** and *light* and ** ** and * *",
    "My answer is yes.",
    "I think: My answer is maybe. Or not?",
    "Section 1 about rivers\ntext\nSection 2 about stones\ntext",
    "PART1 and PART 2, Section  3",
    "{\"a\": [1, 2.5, null], \"b\": \"x\"}",
    "```json\n{\"a\": 1}\n```",
    "```\n[1, 2, 3]```",
    "{\"a\": 1} and more",
    "{'a': 1}",
    "<<The title>>\nand a text",
    "<<>>\n<< >>",
    "one answer\n******\nanother answer",
    "******\nsame\n******\nsame\n******",
    "Say the word. I did.",
    "say the WORD.\nnow",
    "Well. Any other questions?",
    "\"So be it, ANY OTHER QUESTIONS?\"",
    "\"Quoted all through\"",
    "\"",
    "NASA and ESA met the U.S. team; IBM too. A-B? I-5",
    "It's BIG, REALLY BIG: 100% OK",
    "no capitals here at all",
    "# heading # two",
    "Sure! Here it is:\n{\"a\": 1}\nHope this helps.",
    "Sure, here it is:\n<<Title>>\nMy answer is no.",
    "a.b axb",
    "你好,世界",
]


def check(kinds, name, kwargs, response):
    instruction = kinds[name](name)
    instruction.build_description(**kwargs)
    return bool(response.strip()) and bool(instruction.check_following(response))


def main():
    kinds = load()
    strict, loose = [], []
    for name, kwargs in INSTRUCTIONS:
        rows = ["", ""]
        for response in RESPONSES:
            lines = response.split("\n")
            readings = [response, "\n".join(lines[1:]).strip(), "\n".join(lines[:-1]).strip(),
                        "\n".join(lines[1:-1]).strip()]
            readings += [reading.replace("*", "") for reading in readings]
            rows[0] += "1" if check(kinds, name, kwargs, response) else "0"
            rows[1] += "1" if any(check(kinds, name, kwargs, r) for r in readings) else "0"
        strict.append(rows[0])
        loose.append(rows[1])
    json.dump({
        "instructions": [{"id": n, "kwargs": k} for n, k in INSTRUCTIONS],
        "responses": RESPONSES, "strict": strict, "loose": loose,
    }, sys.stdout, ensure_ascii=False, indent=0)
    print()


main()
