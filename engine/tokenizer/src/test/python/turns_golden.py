"""Makes src/test/resources/chat/families/golden.json: what transformers says is the assistant's, by tokens.

    pip install transformers jinja2 tokenizers;  python turns_golden.py

Templates are the project's own, each in the form of a family, with {% generation %} marks. The mask is made as
apply_chat_template(return_assistant_tokens_mask=True) makes it, on the vocabulary qwen.json, whose tokens do not keep to the
turns' edges: the hardest case.
"""
import glob
import json
import os

from tokenizers import Tokenizer
from transformers.utils.chat_template_utils import render_jinja_template

HERE = os.path.dirname(os.path.abspath(__file__))
CHAT = os.path.join(HERE, "../resources/chat/families")
VOCABULARY = os.path.join(HERE, "../resources/io/whetstone/tokenizer/qwen.json")
SPECIAL = dict(bos_token="<s>", eos_token="</s>")
CALL = {"role": "assistant", "content": "", "tool_calls": [
    {"type": "function", "function": {"name": "wetter", "arguments": {"ort": "Köln"}}}]}
TURNS = [{"role": "user", "content": "1+1?"},
         {"role": "assistant", "content": "<think>\nadd 漢字\n</think>\n\n2 👩‍👩‍👧"},
         {"role": "user", "content": "  and 2+2?\n"},
         {"role": "assistant", "content": "<think>\nagain\n</think>\n\n4 é"}]
SAME = [{"role": "user", "content": "no"}, {"role": "assistant", "content": "no"}] * 2
CONVERSATIONS = [
    dict(messages=TURNS),
    dict(messages=[dict(role="system", content="Be brief.")] + TURNS),
    dict(messages=TURNS[:2]),
    dict(messages=TURNS, enable_thinking=False),
    dict(messages=SAME, enable_thinking=False),
    dict(messages=SAME + [dict(role="user", content="and now?")]),
    dict(messages=[dict(role="user", content="Regen?"), CALL, dict(role="tool", content="{\"regen\": true}"),
                   dict(role="assistant", content="Ja."), dict(role="user", content="Danke"), dict(role="assistant", content=" Bitte. ")]),
    dict(messages=[dict(role="user", content="hi"), dict(role="assistant", content="yo", reasoning_content="hm")]),
]


def masked(source, conversation, tokenizer):
    given = dict(SPECIAL, date_string="26 Jul 2024", **conversation)
    try:
        texts, spans = render_jinja_template(conversations=[given.pop("messages")], chat_template=source,
                                             return_assistant_tokens_mask=True, **given)
    except Exception as error:
        return dict(error=str(error)[:80])
    encoding = tokenizer.encode(texts[0], add_special_tokens=False)
    mask = [0] * len(encoding.ids)
    for start, end in spans[0]:
        first, last = encoding.char_to_token(start), encoding.char_to_token(end - 1)
        for i in range(first, last + 1):
            mask[i] = 1
    return dict(text=texts[0], ids=encoding.ids, mask="".join(map(str, mask)))


tokenizer = Tokenizer.from_file(VOCABULARY)
cases = []
for path in sorted(glob.glob(os.path.join(CHAT, "*.jinja"))):
    for conversation in CONVERSATIONS:
        cases.append(dict(template=os.path.basename(path), conversation=conversation,
                          **masked(open(path).read(), conversation, tokenizer)))
with open(os.path.join(CHAT, "golden.json"), "w") as file:
    json.dump(dict(special=SPECIAL, cases=cases), file, ensure_ascii=False, indent=0)
print(len(cases), "cases,", sum("error" in c for c in cases), "refused", [(c["template"], c["error"]) for c in cases if "error" in c])
