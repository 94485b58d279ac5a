"""From bytes to JSON-like data: one document means one thing, and no bytes cost more than bytes."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.parsing.document import parse_document
from njst.contract.parsing.field_errors import InvalidDocumentError
from njst.contract.parsing.yaml_loader import MAX_DEPTH, MAX_DOCUMENT_BYTES, MAX_VALUES, load_object

JOB = (
    b'{"streams":[{"name":"S"}],"workloads":[{"name":"w","stream":"S","messages":1,"publish":{}}]}'
)


def refused(text: bytes) -> str:
    with pytest.raises(InvalidDocumentError) as error:
        load_object(text)
    assert [problem.field for problem in error.value.problems] == [""]
    return str(error.value)


def aliases(entry: bytes) -> bytes:
    """Ten lines, each ten times the one before: ten billion values, were they written out."""
    lines = [b"a: &a " + entry % b"1"]
    for name, before in zip(b"bcdefghijk", b"abcdefghij", strict=True):
        items = b", ".join([b"*%c" % before] * 10)
        lines.append(b"%c: &%c " % (name, name) + entry % items)
    return b"\n".join(lines)


@pytest.mark.parametrize("entry", [b"[%b]", b"{<<: [%b], x: 1}"], ids=["lists", "merges"])
def test_aliases_cost_what_they_stand_for(entry: bytes) -> None:
    text = aliases(entry).replace(b"<<: [1], ", b"")
    assert f"more than {MAX_VALUES} values" in refused(text)


def test_aliases_and_merges_of_a_job_are_written_out() -> None:
    text = b"""
        streams: [{name: S}]
        workloads:
        - &first {name: a, stream: S, messages: 1, publish: &how {window: 7}}
        - {<<: *first, name: b}
        - {name: c, stream: S, messages: 1, publish: *how}
    """
    workloads = parse_document(text).spec.workloads
    assert [w.name for w in workloads] == ["a", "b", "c"]
    assert [w.publish.window for w in workloads if w.publish] == [7, 7, 7]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"a: &a [*a]", "an alias stands inside of what it names"),
        (b"a: *b", "undefined alias"),
        (b"a: !!python/object/apply:os.system [ls]", "tag '!!python/object/apply:os.system'"),
        (b"a: !!binary aGVsbG8=", "tag '!!binary' is not allowed"),
        (b"a: !!timestamp 2020-01-01", "tag '!!timestamp' is not allowed"),
        (b"a: !!set {b, c}", "tag '!!set' is not allowed"),
        (b"a: !own 1", "tag '!own' is not allowed"),
        (b"a: 1\nb: 2\na: 3", "key 'a' is there twice"),
        (b'{"a": 1, "a": 2}', "key 'a' is there twice"),
        (b'{"a": {"b": 1, "b": 1}}', "key 'b' is there twice"),
        (b"? [a]\n: 1", "unhashable key"),
        (b"[" * 100_000, "not a JSON or YAML document"),
        (b'{"a":' * 50_000, "not a JSON or YAML document"),
        (b"a: " + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, f"deeper than {MAX_DEPTH}"),
        (b"a: [" + b"1," * MAX_VALUES + b"]", f"more than {MAX_VALUES} values"),
        (b"---\n" * (MAX_VALUES + 1), f"more than {MAX_VALUES} values"),
        (b'{"a": 1' + b"0" * 5_000 + b"}", "limit"),
        (b" " * (MAX_DOCUMENT_BYTES + 1), "larger than"),
        (b"", "exactly one"),
        (b"null", "exactly one"),
        (b"[]", "exactly one"),
        (b"a: 1\n---\nb: 2", "exactly one"),
        (b"\xff\xfe\x00", "not a JSON or YAML document"),
    ],
)
def test_what_is_refused_and_why(text: bytes, words: str) -> None:
    assert words in refused(text)


def test_json_is_read_as_json() -> None:
    assert load_object(b'{\n\t"a": 1e3, "b": "\\u00e9"}') == {"a": 1000.0, "b": "é"}
    assert load_object('{"a": 1}'.encode("utf-16")) == {"a": 1}
    assert load_object(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_yaml_is_read_as_json_sees_it() -> None:
    text = b"a: 2020-01-01\nb: =\nc: yes\nd: 0x10\ne: ~\nf: 1.5\n"
    expected = {"a": "2020-01-01", "b": "=", "c": True, "d": 16, "e": None, "f": 1.5}
    assert load_object(text) == expected


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("1e+06", 1_000_000.0),
        ("1_000_000", 1_000_000),
        ("0o17", 15),
        ("010", 8),
        ("018", 18.0),
        ("-0x10", -16),
        ("0b101", 5),
        ("y", True),
        ("oFf", "oFf"),
        ("Off", False),
        ("1:30", "1:30"),
        ("2020-01-01", "2020-01-01"),
        ("1e500", "1e500"),
        ("9223372036854775808", 9223372036854775808),
        ("18446744073709551616", 18446744073709551616.0),
        ("+", "+"),
        ("~", None),
        ("NULL", None),
        ("nULL", "nULL"),
        ("'010'", "010"),
        ('"y"', "y"),
    ],
)
def test_scalar__as_kubernetes_reads_it(scalar: str, value: object) -> None:
    found = load_object(f"a: {scalar}".encode())["a"]
    assert (found, type(found)) == (value, type(value))


def test_json_may_be_as_large_as_a_document() -> None:
    text = b'{"a": [' + b"1," * (2 * MAX_VALUES) + b"1]}"
    assert len(load_object(text)["a"]) == 2 * MAX_VALUES + 1


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b"workers: .inf", "spec.workers"),
        (b'{"streams": [{"name": "S", "count": NaN}]}', "spec.streams[0].count"),
        (b'{"description": ' + b"[" * 300 + b"]" * 300 + b"}", "spec"),
        (b'{"description": ' + b"[" * 900 + b"]" * 900 + b"}", "spec"),
    ],
)
def test_what_json_cannot_say_names_its_field(text: bytes, field: str) -> None:
    with pytest.raises(InvalidDocumentError) as error:
        parse_document(text)
    assert error.value.problems[0].field == field


@given(
    st.one_of(
        st.binary(max_size=300), st.text(alphabet="{}[]&*!<>:-? ,ab1\"'\n\t#|%").map(str.encode)
    )
)
def test_any_bytes_are_a_job_or_an_error_of_ours(text: bytes) -> None:
    for whole in (text, JOB[:-1] + b"," + text, b"spec: " + text):
        with suppress(InvalidDocumentError):
            parse_document(whole)
