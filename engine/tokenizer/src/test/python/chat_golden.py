"""Makes src/test/resources/chat/golden.json: conversations rendered by transformers' apply_chat_template.

    pip install transformers jinja2;  python chat_golden.py [DIRECTORY OF *.jinja]

The templates are the project's own, each in the manner of a family; further ones given by a directory are compared
with nothing but printed to /tmp for trying by hand.
"""
import glob
import json
import os
import sys

from transformers.utils.chat_template_utils import render_jinja_template

HERE = os.path.dirname(os.path.abspath(__file__))
SPECIAL = dict(bos_token="<s>", eos_token="</s>", pad_token="<pad>")
TOOL = {"type": "function", "function": {"name": "wetter", "description": "Wie wird's? \"heute\"", "parameters": {
    "type": "object", "properties": {"ort": {"type": "string"}, "tage": {"type": "integer", "default": 1.0}}, "required": ["ort"]}}}
CALL = {"role": "assistant", "content": "", "tool_calls": [
    {"type": "function", "function": {"name": "wetter", "arguments": {"ort": "Köln", "tage": 2}}}]}
CALLED = [{"role": "user", "content": "Regen?"}, CALL, {"role": "tool", "content": "{\"regen\": true}"},
          {"role": "assistant", "content": "Ja."}]
TURNS = [{"role": "user", "content": "1+1?"},
         {"role": "assistant", "content": "<think>\nadd\n</think>\n\n2"},
         {"role": "user", "content": "  and 2+2?\n"},
         {"role": "assistant", "content": "<think>\nadd again\n</think>\n\n4 "}]
SYSTEM = {"role": "system", "content": "Be brief. "}
CONVERSATIONS = [
    dict(messages=TURNS[:1], add_generation_prompt=True),
    dict(messages=[SYSTEM] + TURNS[:1], add_generation_prompt=True),
    dict(messages=[SYSTEM] + TURNS),
    dict(messages=TURNS[:3], add_generation_prompt=True, enable_thinking=False),
    dict(messages=TURNS[:3], add_generation_prompt=True, enable_thinking=True),
    dict(messages=TURNS, continue_final_message=True),
    dict(messages=TURNS[:2], continue_final_message=True),
    dict(messages=[SYSTEM] + CALLED[:3], tools=[TOOL], add_generation_prompt=True),
    dict(messages=CALLED, tools=[TOOL]),
    dict(messages=[dict(role="user", content="hi"), dict(role="assistant", content="yo", reasoning="hm")]),
    dict(messages=[dict(role="user", content="hi"), dict(role="assistant", content=None, thinking="hm", tool_calls=CALL["tool_calls"])], tools=[TOOL]),
    dict(messages=[dict(role="user", content=[dict(type="text", text=" look "), dict(type="text", text="🙂")])], add_generation_prompt=True),
    dict(messages=[dict(role="assistant", content="first")]),
]


def rendered(source, conversation):
    given = dict(SPECIAL, **conversation)
    messages = [{k: v for k, v in m.items() if v is not None} for m in given.pop("messages")]
    try:
        text, _ = render_jinja_template(conversations=[messages], chat_template=source, **given)
        return dict(expected=text[0])
    except Exception as error:
        return dict(error=f"{type(error).__name__}: {error}"[:100])


def main(directory, out):
    cases = []
    for path in sorted(glob.glob(os.path.join(directory, "*.jinja"))):
        source = open(path).read()
        name = os.path.basename(path)
        for conversation in CONVERSATIONS:
            cases.append(dict(template=name, conversation=conversation, **rendered(source, conversation)))
    with open(out, "w") as file:
        json.dump(dict(special=SPECIAL, cases=cases), file, ensure_ascii=False, indent=0)
    print(len(cases), "cases,", sum("error" in c for c in cases), "refused")


if len(sys.argv) > 1:
    main(sys.argv[1], "/tmp/chat-golden.json")
else:
    main(os.path.join(HERE, "../resources/chat"), os.path.join(HERE, "../resources/chat/golden.json"))
