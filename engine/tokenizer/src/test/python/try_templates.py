"""Renders other people's chat templates with transformers, for TriedTemplatesTest to render again.

    python try_templates.py OUT.json DIRECTORY...      # directories of .jinja files, such as trl/chat_templates
    mvn -pl engine/tokenizer test -Dtest=TriedTemplatesTest -Dtemplates=OUT.json

Neither the templates nor what they render is kept in the repository. What a template refuses is expected to be refused.
Needs transformers 5.
"""
import json
import pathlib
import sys

from transformers.utils.chat_template_utils import render_jinja_template

TOOLS = [
    {"type": "function", "function": {
        "name": "add", "description": "Adds \"two\" <numbers> & more",
        "parameters": {"type": "object", "properties": {
            "a": {"type": "integer", "description": "The first"}, "b": {"type": ["integer", "null"], "enum": [1, 2.5, None, True]},
            "c": {"type": "array", "items": {"type": "string"}}}, "required": ["a"]}}},
    {"type": "function", "function": {"name": "now", "description": "The time",
                                      "parameters": {"type": "object", "properties": {}}}},
]
system = {"role": "system", "content": "  Be brief.\n"}
user = {"role": "user", "content": "What's 1+1?\n"}
thought = {"role": "assistant", "content": "<think>\none and one\n</think>\n\nIt is 2."}
reasoned = {"role": "assistant", "content": "It is 2.", "reasoning_content": "one and one"}
plain = {"role": "assistant", "content": " It is 2. "}
more = {"role": "user", "content": "And é 漢字?"}
called = {"role": "assistant", "content": "", "tool_calls": [
    {"id": "call00001", "type": "function", "function": {"name": "add", "arguments": {"a": 1, "b": 2.0, "c": ["x", "é\"</s>"]}}}]}
calledtwo = {"role": "assistant", "content": "Let me see.", "tool_calls": [
    {"id": "call00001", "type": "function", "function": {"name": "add", "arguments": {"a": 1}}},
    {"id": "call00002", "type": "function", "function": {"name": "now", "arguments": {}}}]}
calledtext = {"role": "assistant", "content": "", "tool_calls": [
    {"id": "call00001", "type": "function", "function": {"name": "add", "arguments": "{\"a\": 1, \"b\": [2]}"}}]}
answered = {"role": "tool", "name": "add", "tool_call_id": "call00001", "content": "{\"sum\": 2}"}
parts = {"role": "user", "content": [{"type": "text", "text": "Look: "}, {"type": "text", "text": "1+1?"}]}
image = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}

CASES = {
    "user": dict(messages=[user], add_generation_prompt=True),
    "system": dict(messages=[system, user], add_generation_prompt=True),
    "turns": dict(messages=[system, user, plain, more], add_generation_prompt=True),
    "closed": dict(messages=[user, plain]),
    "thoughts": dict(messages=[user, thought, more], add_generation_prompt=True),
    "last-thought": dict(messages=[user, thought]),
    "reasoned": dict(messages=[user, reasoned, more, reasoned]),
    "off": dict(messages=[user], add_generation_prompt=True, enable_thinking=False),
    "on": dict(messages=[user], add_generation_prompt=True, enable_thinking=True),
    "tools": dict(messages=[system, user], tools=TOOLS, add_generation_prompt=True),
    "tools-alone": dict(messages=[user], tools=TOOLS, add_generation_prompt=True),
    "called": dict(messages=[user, called, answered], tools=TOOLS, add_generation_prompt=True),
    "called-twice": dict(messages=[system, user, calledtwo, answered, answered, plain], tools=TOOLS),
    "parts": dict(messages=[parts], add_generation_prompt=True),
    "image": dict(messages=[image], add_generation_prompt=True),
    "continued": dict(messages=[user, plain], continue_final_message=True),
    "two-users": dict(messages=[user, more], add_generation_prompt=True),
    "unknown-role": dict(messages=[{"role": "narrator", "content": "Once"}], add_generation_prompt=True),
    "called-text": dict(messages=[user, calledtext, answered, plain, more], tools=TOOLS, add_generation_prompt=True),
    "developer": dict(messages=[{"role": "developer", "content": "Be brief."}, user], add_generation_prompt=True),
    "documents": dict(messages=[user], documents=[{"title": "One", "text": "1 < 2"}, {"title": "Two", "text": "é"}], add_generation_prompt=True),
    "thinking": dict(messages=[system, user, reasoned, more], thinking=True, reasoning_effort="high", add_generation_prompt=True),
    "continued-thought": dict(messages=[user, thought], continue_final_message=True),
    "continued-parts": dict(messages=[user, {"role": "assistant", "content": [{"type": "text", "text": "It is "}]}], continue_final_message=True),
    "continued-call": dict(messages=[user, calledtwo, answered, plain], tools=TOOLS, continue_final_message=True),
    "system-parts": dict(messages=[{"role": "system", "content": parts["content"]}, parts, {"role": "assistant", "content": parts["content"]}, parts], add_generation_prompt=True),
    "system-later": dict(messages=[user, plain, system, more], add_generation_prompt=True),
    "assistant-first": dict(messages=[plain, user], add_generation_prompt=True),
    "two-systems": dict(messages=[system, system, user, plain, plain, more], add_generation_prompt=True),
    "empty": dict(messages=[{"role": "user", "content": ""}, {"role": "assistant", "content": ""}, more], add_generation_prompt=True),
    "no-content": dict(messages=[user, {"role": "assistant"}, more], add_generation_prompt=True),
    "code": dict(messages=[user, {"role": "assistant", "content": "Let me see.<|python_tag|>print(1)"}, {"role": "ipython", "content": {"output": "1"}}],
                 builtin_tools=["brave_search", "code_interpreter"], tools_in_user_message=False, tools=TOOLS, add_generation_prompt=True),
    "no-tools": dict(messages=[system, user], tools=[], add_generation_prompt=True),
    "tool-alone": dict(messages=[user, called, {"role": "tool", "content": {"sum": 2, "of": [1.0, None, True]}}], tools=TOOLS[:1], add_generation_prompt=True),
    "called-thought": dict(messages=[user, dict(calledtwo, reasoning_content="I need \"tools\""), answered], tools=TOOLS, add_generation_prompt=True, enable_thinking=True),
    "flat-call": dict(messages=[user, {"role": "assistant", "content": "", "tool_calls": [{"name": "add", "arguments": {"a": -1.5e-7, "b": 10**20}}]}, answered],
                      tools=[TOOLS[0]["function"]], add_generation_prompt=True),
}
MORE = dict(bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>", date_string="26 Jul 2024")

out = []
for directory in sys.argv[2:]:
    for file in sorted(pathlib.Path(directory).glob("*.jinja")):
        template = file.read_text(encoding="utf-8")
        for name, case in CASES.items():
            case = dict(case)
            conversation = dict(messages=case.pop("messages"), tools=case.pop("tools", None),
                                add_generation_prompt=case.pop("add_generation_prompt", False),
                                continue_final_message=case.pop("continue_final_message", False), **case)
            entry = dict(file=file.name, case=name, template=template, conversation=dict(conversation, **MORE))
            try:
                kwargs = dict(conversation, **MORE)
                rendered, _ = render_jinja_template([kwargs.pop("messages")], chat_template=template, **kwargs)
                entry["expected"] = rendered[0]
            except Exception as e:
                entry["refused"] = f"{type(e).__name__}: {e}"
            out.append(entry)
pathlib.Path(sys.argv[1]).write_text(json.dumps(out, ensure_ascii=False), encoding="utf-8")
refused = sum("refused" in e for e in out)
print(f"{len(out)} renderings of {len({e['file'] for e in out})} templates, {refused} refused")
