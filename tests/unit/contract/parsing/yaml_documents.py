"""Whole documents of YAML that readers may take differently, for the tests of all of them."""

_HEAD = "apiVersion: njst.io/v1alpha1\nkind: NjstJob\nmetadata: {name: documents}\n"
_SPEC = "  streams: [{name: S}]\n  workloads: [{name: w, stream: S, messages: 1, publish: {}}]\n"


def _with(spec: str) -> str:
    return f"{_HEAD}spec:\n{spec}{_SPEC}"


# The name of each, and its text.
DOCUMENTS: dict[str, str] = {
    "plain": _with(""),
    "quoted number": _with("  priority: '5'\n"),
    "quoted switch": _with('  suspend: "true"\n'),
    "number as text": _with("  description: 5\n"),
    "number as quoted text": _with('  description: "5"\n'),
    "whole float": _with("  priority: 5.0\n"),
    "fraction": _with("  priority: 5.5\n"),
    "minus zero": _with("  priority: -0\n"),
    "nothing": _with("  priority:\n"),
    "null for a list": _with("  thresholds: null\n"),
    "folded": _with("  description: >\n    one\n    two\n"),
    "literal": _with("  description: |-\n    one\n    two\n"),
    "plain over two lines": _with("  description: one\n    two\n"),
    "comment": _with("  description: one # two\n"),
    "hash in a word": _with("  description: one#two\n"),
    "colon in a word": _with("  description: one:two\n"),
    "colon and blank": _with("  description: one: two\n"),
    "escape of YAML": _with('  description: "\\u00fc\\x41\\e"\n'),
    "escape unknown": _with('  description: "\\q"\n'),
    "single quotes": _with("  description: 'it''s'\n"),
    "tab as indent": _with("\tdescription: one\n"),
    "tab before a value": _with("  description:\tone\n"),
    "tab within a text": _with("  description: one\ttwo\tthree \t# four\n"),
    "tab and another line": _with("  description: one\t\n    two\n"),
    "tab in a flow": _with("  workerSelector: {\tmatchLabels:\t{a:\tb}\t}\n"),
    "tab before a comment": _with("  description: one\n\t# two\n"),
    "tab after a dash": f"{_HEAD}spec:\n  workloads:\n  -\tname: w\n    messages: 1\n"
    "    core: {operation: Publish, subject: a}\n",
    "line of a tab": _with("  description: one\n\t\n"),
    "tab in a literal": _with("  description: |\n    one\ttwo\n\n    \tthree\n"),
    "tab at the end": _with("  description: one\t\n"),
    "key twice": _with("  priority: 1\n  priority: 2\n"),
    "key twice below": _with("  target: {domain: a, domain: b}\n"),
    "key twice as quoted": _with("  priority: 1\n  'priority': 2\n"),
    "unknown key": _with("  prio: 1\n"),
    "key in another case": _with("  Priority: 1\n"),
    "number as key": _with("  workerSelector: {matchLabels: {1: a}}\n"),
    "switch as key": _with("  workerSelector: {matchLabels: {yes: a}}\n"),
    "float as key": _with("  workerSelector: {matchLabels: {1.5: a}}\n"),
    "exponent as key": _with("  workerSelector: {matchLabels: {1e3: a}}\n"),
    "octal as key": _with("  workerSelector: {matchLabels: {010: a}}\n"),
    "nothing as key": _with("  workerSelector: {matchLabels: {null: a}}\n"),
    "quoted key": _with('  workerSelector: {matchLabels: {"1": a}}\n'),
    "number as label": _with("  workerSelector: {matchLabels: {a: 1}}\n"),
    "anchor": _with("  description: &a default\n  mesh: *a\n"),
    "alias unknown": _with("  description: *a\n"),
    "merge": _with("  target: &t {domain: a}\n  workerSelector: {<<: {matchLabels: {a: b}}}\n"),
    "merge quoted": _with("  workerSelector: {'<<': {matchLabels: {a: b}}}\n"),
    "tag of text": _with("  description: !!str 5\n"),
    "tag of a number": _with("  priority: !!int 5\n"),
    "tag of a quoted number": _with("  priority: !!int '5'\n"),
    "tag of a float": _with("  priority: !!float 5\n"),
    "tag of a switch": _with("  suspend: !!bool no\n"),
    "tag without a type": _with("  priority: ! 5\n"),
    "trailing comma": _with("  workerSelector: {matchLabels: {a: b,}}\n"),
    "flow without blanks": _with("  workerSelector: {matchLabels: {a:b}}\n"),
    "flow of quoted keys": _with('  workerSelector: {matchLabels: {"a":"b"}}\n'),
    "explicit key": _with("  ? description\n  : one\n"),
    "lines of Windows": _with("  description: one\n").replace("\n", "\r\n"),
    "mark of byte order": "\ufeff" + _with(""),
    "begin of a document": "---\n" + _with(""),
    "directive": "%YAML 1.1\n---\n" + _with(""),
    "end of a document": _with("") + "...\n",
    "empty document before": "---\n---\n" + _with(""),
    "empty document behind": _with("") + "---\n",
    "two documents": _with("") + "---\n" + _with(""),
    "control character": _with("  description: one\x01\n"),
    "letter beyond": _with("  description: 🙂\n"),
    "next line of Unicode": _with("  description: one\u0085two\n"),
    "separator of Unicode": _with("  description: one\u2028two\n"),
    "no indent of a list": f"{_HEAD}spec:\n  workloads:\n  - name: w\n    messages: 1\n"
    "    core: {operation: Publish, subject: a}\n",
    "large number": _with("  priority: 99999999999999999999\n"),
    "JSON": '{"apiVersion":"njst.io/v1alpha1","kind":"NjstJob","metadata":{"name":"j"},'
    '"spec":{"workloads":[{"name":"w","messages":1e0,"core":{"operation":"Publish",'
    '"subject":"\\u00fc"}}]}}',
    "JSON in YAML": _with('  workerSelector: {"matchLabels":{"a":"b"}}\n'),
    "list": "- a\n",
    "text": "a\n",
    "empty": "",
}

# njst refuses these, and an API server takes them: of several documents it reads the first one,
# and it drops a label without a value.
STRICTER = {"two documents", "flow without blanks"}
# njst takes these, as kubectl does, which sends each document by itself.
AS_KUBECTL = {"empty document before"}
