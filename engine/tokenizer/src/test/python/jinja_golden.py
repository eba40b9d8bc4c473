"""Makes src/test/resources/jinja/golden.json: snippets and what transformers' Jinja environment makes of them.

    pip install transformers jinja2;  python jinja_golden.py
"""
import json
import os

from transformers.utils.chat_template_utils import _compile_jinja_template as compile_template

HERE = os.path.dirname(os.path.abspath(__file__))
VARIABLES = dict(
    s="Hello wörld 🙂 end", padded="  \n x y \t ", n=7, m=-3, f=2.5, big=10**19, yes=True, no=False, nothing=None,
    xs=[3, 1, 2], names=["Bo", "al", "Cy"], empty=[], d={"b": 1, "a": {"x": [1, 2.0, None, True]}, "items": "own"},
    people=[{"name": "Ann", "age": 30, "tags": ["a"]}, {"name": "bob", "age": 20, "tags": []},
            {"name": "Cid", "age": 30}],
    quote="it's \"so\"\n\\ \u00e9\u200b", html="<a href='x'>&</a>", message={"role": "user", "content": "hi", "get": 1},
)

SNIPPETS = r"""
{{ s }}|{{ s | length }}|{{ s[0] }}|{{ s[-1] }}|{{ s[::-1] }}|{{ s[1:5] }}|{{ s[-3:] }}|{{ s[14:12:-1] }}
{{ xs[::-1] }}|{{ xs[1:] }}|{{ xs[:-1] }}|{{ xs[::2] }}|{{ xs[5:] }}|{{ xs[-100:2] }}|{{ xs[7] }}|{{ xs[-1] }}
{{ yes }}{{ no }}{{ nothing }}{{ f }}{{ n }}{{ xs }}{{ d }}{{ undefined_thing }}|{{ (1,) }}{{ (1, 'a') }}{{ () }}{{ {} }}
{{ 1e16 }} {{ 1e15 }} {{ 0.0001 }} {{ 0.00001 }} {{ 1.0 }} {{ 100000000000000000000 }} {{ 1.5e300 }} {{ 0.1 + 0.2 }} {{ -0.0 }}
{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 4 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ -2 ** 2 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }}
{{ n + f }} {{ n - m }} {{ n * m }} {{ big + 1 }} {{ yes + 1 }} {{ 'a' * 3 }} {{ 3 * 'ab' }} {{ [1] * 2 }} {{ [1] + [2] }}
{{ 'a' ~ 1 ~ none ~ true ~ 1.0 }} {{ 'x' + 'y' ~ 'z' }} {{ 1 ~ 2 + 3 }}
{{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 'a' == 1 }} {{ none == none }} {{ undefined_thing == none }}
{{ 'ell' in s }} {{ 'x' not in s }} {{ 3 in xs }} {{ 'b' in d }} {{ not 3 in xs }} {{ 'z' in undefined_thing }} {{ 1 in [true] }}
{{ 1 and 0 }} {{ 0 or 'x' }} {{ not '' }} {{ '' or none }} {{ xs and 'full' }} {{ none and 1 }} {{ not not 1 }}
{{ 'a' if yes else 'b' }} {{ 'a' if no }} {{ 'a' if no else 'b' if no else 'c' }} {{ (1 if yes else 2) + 1 }}
{{ d.b }} {{ d['b'] }} {{ d.items() | list }} {{ d['items'] }} {{ d.a.x[1] }} {{ d.missing }} {{ d.get('q') }} {{ d.get('q', 5) }} {{ d.keys() | list }} {{ message.get('role') }} {{ message['get'] }}
{{ d | tojson }} {{ xs | tojson }} {{ s | tojson }} {{ quote | tojson }} {{ none | tojson }} {{ 1.0 | tojson }} {{ html | tojson }}
{{ d | tojson(indent=2) }}
{{ d | tojson(indent=4, sort_keys=true) }}
{{ d | tojson(separators=(',', ':')) }} {{ [] | tojson(indent=2) }} {{ {} | tojson }} {{ quote | tojson(ensure_ascii=true) }}
{{ quote }}|{{ [quote] }}|{{ ["it's"] }}|{{ ['"'] }}|{{ ['\'"'] }}|{{ ['\x00\x7f\u2028'] }}
{{ padded.strip() }}|{{ padded.lstrip() }}|{{ padded.rstrip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'xyaxy'.lstrip('yx') }}|{{ padded | trim }}|{{ 'xax' | trim('x') }}
{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ 'a b  c'.split(None, 1) }} {{ ''.split() }} {{ ''.split(',') }}
{{ 'a\nb\r\nc\n'.splitlines() }} {{ 'ab'.startswith('a') }} {{ 'ab'.startswith(('x', 'a')) }} {{ 'ab'.endswith('b') }} {{ 'abc'.startswith('b', 1) }}
{{ 'aXbX'.replace('X', '-') }} {{ 'aXbX'.replace('X', '-', 1) }} {{ 'aaa' | replace('a', 'b', 2) }} {{ 'hello World'.title() }} {{ "they're bill's".title() }} {{ 'hELLO wORLD'.capitalize() }} {{ 'aB'.swapcase() }}
{{ 'hello wORLD-foo (bar)' | title }} {{ 'hELLO' | capitalize }} {{ s | upper }} {{ s | lower }}
{{ 'abcabc'.find('c') }} {{ 'abc'.find('z') }} {{ 'abcabc'.rfind('c') }} {{ '🙂b'.find('b') }} {{ 'abcabc'.count('bc') }} {{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'ab'.partition('x') }}
{{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('bc') }} {{ '5'.zfill(3) }} {{ '-5'.zfill(4) }} {{ 'a'.center(4) }}| {{ 'a'.ljust(3, '.') }} {{ 'a'.rjust(3) }} {{ ','.join(['a', 'b']) }}
{{ '12'.isdigit() }} {{ 'ab'.isalpha() }} {{ ''.isdigit() }} {{ 'a1'.isalnum() }} {{ ' '.isspace() }} {{ 'AB1'.isupper() }} {{ 'ab'.islower() }}
{{ '%s has %d (%5.2f|%-5s|%05d) %%' % ('x', 3, 2.345, 'ab', 42) }} {{ '%s' % 'one' }} {{ '%x' % 255 }} {{ '%s %r' | format('a', 'b') }}
{{ '{} {}'.format(1, 'b') }} {{ '{1}{0}'.format('a', 'b') }} {{ '{name}!'.format(name='x') }} {{ '{:.2f}'.format(2.345) }} {{ '{:>5}|{:<5}|{:^5}'.format('a', 'b', 'c') }} {{ '{{}}'.format() }} {{ '{:,}'.format(1234567) }} {{ '{:03d}'.format(7) }}
{{ xs | first }} {{ xs | last }} {{ empty | first }} {{ xs | sort }} {{ xs | sort(reverse=true) }} {{ names | sort }} {{ names | sort(case_sensitive=true) }} {{ xs | reverse | list }} {{ 'abc' | reverse }}
{{ xs | join }} {{ xs | join(', ') }} {{ people | join('-', attribute='name') }} {{ xs | sum }} {{ people | sum(attribute='age') }} {{ xs | min }} {{ xs | max }} {{ names | max }} {{ ['b', 'a', 'B'] | unique | list }}
{{ people | map(attribute='name') | list }} {{ names | map('upper') | list }} {{ people | map(attribute='tags', default='none') | list }} {{ ['1', '2'] | map('int') | sum }} {{ names | map('replace', 'o', '0') | list }}
{{ xs | select('odd') | list }} {{ xs | reject('odd') | list }} {{ [0, 1, '', 'a'] | select | list }} {{ people | selectattr('age', 'equalto', 30) | map(attribute='name') | join(',') }} {{ people | rejectattr('tags') | list | length }} {{ people | selectattr('tags', 'defined') | list | length }} {{ xs | select('gt', 1) | list }} {{ xs | select('in', [1, 2]) | list }}
{% for key, group in people | groupby('age') %}{{ key }}:{{ group | map(attribute='name') | join('+') }};{% endfor %}
{{ [1, 2, 3, 4, 5] | batch(2) | list }} {{ [1, 2, 3] | batch(2, 0) | list }} {{ [1, 2, 3, 4, 5] | slice(2) | list }} {{ d | dictsort }} {{ {'b': 1, 'A': 2} | dictsort }} {{ {'b': 1, 'A': 2} | dictsort(by='value', reverse=true) }} {{ {'a': 1} | items | list }}
{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.567 | round(2) }} {{ 2.1 | round(method='ceil') }} {{ 2.9 | round(0, 'floor') }} {{ '12' | int }} {{ 'x' | int }} {{ 'x' | int(9) }} {{ '1.9' | int }} {{ 3.9 | int }} {{ '2.5' | float }} {{ -3 | abs }} {{ 'ff' | int(0, 16) }}
{{ undefined_thing | default('x') }} {{ '' | default('x') }} {{ '' | default('x', true) }} {{ none | d('y') }} {{ none | d('y', boolean=true) }} {{ undefined_thing | length }} {{ undefined_thing | list }} {{ undefined_thing | join }}
{{ html | escape }} {{ html | e }} {{ html | safe }} {{ html }} {{ 'a b/ü' | urlencode }} {{ 'one two three' | wordcount }} {{ 'a long sentence here' | truncate(10) }} {{ 'abcdefghijklmnop' | truncate(8, true, '…') }}
{{ 'a\nb\n\nc' | indent }}|{{ 'a\nb' | indent(2, true) }}|{{ 'a\n\nb' | indent(2, blank=true) }}|{{ 'a\nb' | indent('> ') }}
{{ n is odd }} {{ n is even }} {{ n is divisibleby 7 }} {{ n is number }} {{ f is float }} {{ n is integer }} {{ yes is boolean }} {{ yes is integer }} {{ s is string }} {{ d is mapping }} {{ xs is sequence }} {{ s is iterable }} {{ n is iterable }} {{ d is sequence }} {{ xs is mapping }}
{{ none is none }} {{ undefined_thing is defined }} {{ undefined_thing is undefined }} {{ s is defined }} {{ s is not none }} {{ n is eq 7 }} {{ n is gt(3) }} {{ n is in [7] }} {{ n is sameas n }} {{ yes is true }} {{ 1 is true }} {{ 'AB' is upper }} {{ range is callable }} {{ 'upper' is filter }} {{ d.a is defined and d.zz is not defined }}
{% for x in xs %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.revindex }}{{ loop.revindex0 }}{{ x }}{{ loop.cycle('a', 'b') }};{% endfor %}
{% for x in xs if x > 1 %}{{ x }}{{ loop.index }}{% else %}none{% endfor %}|{% for x in empty %}{{ x }}{% else %}none{% endfor %}|{% for a, b in d.items() %}{{ a }}={{ b }};{% endfor %}|{% for k in d %}{{ k }}{% endfor %}|{% for c in 'añ🙂' %}{{ c }}.{% endfor %}
{% for x in xs %}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.changed(x > 1) }};{% endfor %}|{% for x in xs %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}|{% for x in xs %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}
{% set a = 1 %}{% for x in xs %}{% set a = x %}{{ a }}{% endfor %}{{ a }}|{% set ns = namespace(v=0, w='q') %}{% for x in xs %}{% set ns.v = ns.v + x %}{% endfor %}{{ ns.v }}{{ ns.w }}{{ ns.none_such }}|{% if yes %}{% set a = 5 %}{% endif %}{{ a }}
{% for x in xs %}{{ a }}{% set a = x %}{{ a }}{% endfor %}|{% set x, y = 1, 2 %}{{ x }}{{ y }}|{% set t = 1, 2 %}{{ t }}|{% set b %}<{{ n }}>{% endset %}{{ b }}|{% set b | upper | trim %} abc {% endset %}{{ b }}
{% macro f(a, b=2, c=b) %}[{{ a }}{{ b }}{{ c }}{{ varargs }}{{ kwargs }}]{% endmacro %}{{ f(1) }}{{ f(1, 3) }}{{ f(b=1, a=0) }}{{ f(1, 2, 3, 4, z=5) }}{{ f() }}
{% macro outer(x) %}{{ x }}({{ caller() }}){% endmacro %}{% call outer('a') %}in{{ n }}{% endcall %}|{% macro each(xs) %}{% for x in xs %}{{ caller(x) }}{% endfor %}{% endmacro %}{% call(v) each(xs) %}<{{ v }}>{% endcall %}
{% macro fact(k) %}{% if k < 2 %}1{% else %}{{ k * (fact(k - 1) | int) }}{% endif %}{% endmacro %}{{ fact(6) }}
{% for x in [{'v': 1, 'c': [{'v': 2, 'c': []}]}, {'v': 3, 'c': []}] recursive %}{{ x.v }}{{ loop.depth }}{% if x.c %}({{ loop(x.c) }}){% endif %}{% endfor %}
{% with a = 1, b = n %}{{ a }}{{ b }}{% endwith %}{{ a }}|{% filter upper %}abc{{ s }}{% endfilter %}|{% raw %}{{ not }} {% this %}{% endraw %}|{# comment {{ x }} #}after
{{ range(3) | list }} {{ range(1, 7, 2) | list }} {{ range(3, 0, -1) | list }} {{ dict(a=1, b=2) }} {% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }} {% set j = joiner(', ') %}{{ j() }}x{{ j() }}y
{%- if n > 5 -%}   yes   {%- elif n > 3 -%} mid {%- else -%} no {%- endif -%}|{% if no %}a{% elif none %}b{% else %}c{% endif %}|{% if xs and not empty and (n == 7 or m) %}ok{% endif %}
{{ 'tab\tnl\\n \x41 \u00e9 \101 \q \'q\'' }}|{{ "dq \" 'single'" }}|{{ 'adja' 'cent' }}|{{ '\U0001F642' }}
{{ [1, [2, [3]]] }} {{ {'a': {'b': (1, none)}} }} {{ {1: 'x', 'y': 2.50} }} {{ [undefined_thing] | length }} {{ 0x1f }} {{ 0b11 }} {{ 1_000 }} {{ 1_0.5 }}
{{ people[0].name }} {{ people[0]['tags'][0] }} {{ people.0.name }} {{ people[-1].age }} {{ (people | first).name }} {{ people | length }} {{ people | map(attribute='name') | map('lower') | sort | join(' ') }}
{{ 'a' is string and 1 is number }} {{ not undefined_thing is defined }} {{ 5 is not divisibleby 2 }} {{ n is defined | string }} {{ -n | abs }} {{ 'x' ~ n | string }} {{ 'abc' | length == 3 }} {{ s | default('x') | length > 3 }}
{{ {'k': 'v'}['k'] }} {{ [1, 2, 3,] }} {{ {'a': 1,} }} {{ (1, 2)[1] }} {{ 'abc'[1:].upper() }} {{ ('a' ~ 'b').upper() }} {{ "a" in ("a", "b") }} {{ {'a': 1}.get('a') }} {{ '}}' }} {{ {'x': {'y': 1}} }}
{{ message.content if message.content is string else 'no' }}|{{ 'tool_calls' in message }}|{{ message.tool_calls }}|{{ message.tool_calls is defined }}|{{ message['tool_calls'] | default([]) | length }}
{{ 'x' if message.role == 'user' and message.content else 'y' }}{{ '' if not message.nope else 'z' }}{{ loop_missing is defined }}{{ 'a'.upper().lower() }}{{ "a,b".split(",")[-1] }}{{ "<think>x</think>y".split("</think>")[-1].lstrip("\n") }}
{{ none | map('upper') | list }} {{ no | select | list }} {{ 0 | selectattr('x') | list }} {{ nothing | rejectattr('x', 'equalto', 1) | map(attribute='x') | join(',') }} {{ undefined_thing | map('trim') | list }}
{{ n[1:] }}
{{ d[1:] is defined }}
{{ 7 | round }} {{ 7 | round(2) }} {{ true | round }} {{ big | round }} {{ 7 | round(method='ceil') }} {{ -3 | round(0, 'floor') }} {{ 17 | round | tojson }}
{{ people | sort(attribute='age,name') | map(attribute='name') | join(' ') }} {{ people | sort(attribute='age') | map(attribute='name') | join(' ') }} {{ people | sort(attribute='name,age', reverse=true) | map(attribute='name') | join(' ') }} {{ names | sort(attribute='age') }}
{{ ', a_b don\'t 漢字 é2 ' | wordcount }} {{ '' | wordcount }} {{ people | groupby('age') | map('first') | list }} {{ [{'k': 1}] | groupby('k') }}
{{ 'a\tbc\td\n\te'.expandtabs() }}|{{ '\tx'.expandtabs(3) }}|{{ 'é🙂'.replace('', '-') }}|{{ 'ab' | replace('', '.', 2) }}|{{ 'x' is escaped }} {{ undefined_thing is callable }}
{{ none | indent }}
{{ undefined_thing | int }}
{{ undefined_thing | float }}
{{ undefined_thing[1:] }}
{{ undefined_thing.attribute }}
{{ undefined_thing + 'x' }}
{{ 'x' + 1 }}
{{ none.attribute }}|
{{ xs.append(4) }}
{{ raise_exception('no') }}
{{ 1 / 0 }}
{{ s.nothing() }}
{{ s | no_such_filter }}
{{ s is no_such_test }}
{% unknown_tag %}
{{ 'a' < 1 }}
{% if yes %}unclosed
{% endif %}
{{ (1 }}
{{ range(1000000) }}
{% for x in 5 %}{% endfor %}
{{ undefined_thing() }}
{% set d.x = 1 %}
""".strip("\n").split("\n")

# White space: each is one template of several lines.
BLOCKS = [
    "a\n  {% if yes %}\n  b\n  {% endif %}\nc\n",
    "a\n  {%- if yes %}\n  b\n  {%- endif %}\nc\n\n",
    "a\n  {%+ if yes %}\n  b\n  {%+ endif +%}\nc",
    "{% if yes %}  \nx{% endif %}   \n  {{ n }}  \n {{- n -}} \n z",
    "  {# comment #}\n  text {# other #} \n{#- third -#}\n\n end",
    "{% for x in xs %}\n  - {{ x }}\n{% endfor %}\n",
    "{% for x in xs -%}\n  - {{ x }}\n{%- endfor %}\n\n\n",
    "x {% set y = 1 %} z\n {% set y = 2 %}\n{{ y }}\r\nend\r\n",
    "{% raw %}\n {{ x }}\n{% endraw %}\n{%- raw -%}  a  {%- endraw -%} b",
    "\n\n{{ n }}\n\n",
    "{{ 'a' }}\n{{ 'b' }}\n",
    "\t{% if yes %}\tx{% endif %}\n  \t{% if yes %}y\n\t{% endif %}",
    "a{% if yes %}\n\n{% endif %}b{%- if yes -%}\n\n c \n\n{%- endif -%}d",
    "{%- macro m(x) %}\n  [{{ x }}]\n{%- endmacro %}\n{{ m(1) }}\n{{- m(2) }}",
    "{% generation %}a{% endgeneration %}b\n{% generation %}\n c\n{% endgeneration %}\nd",
]


def case(source):
    try:
        return dict(template=source, expected=compile_template(source).render(**VARIABLES))
    except Exception as error:
        return dict(template=source, error=f"{type(error).__name__}: {error}"[:120])


cases = [case(source) for source in SNIPPETS + BLOCKS]
with open(os.path.join(HERE, "../resources/jinja/golden.json"), "w") as out:
    json.dump(dict(variables=VARIABLES, cases=cases), out, ensure_ascii=False, indent=0)
for each in cases:
    if "error" in each:
        print(each["template"][:60], "→", each["error"])
