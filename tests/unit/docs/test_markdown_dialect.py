"""Lists look the same on the site as in the repository."""

import markdown
import pytest

from devenv.markdown_dialect import for_python_markdown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Words.\n- one\n- two\n", "Words.\n\n- one\n- two\n"),
        ("- one\n  goes on\n- two\n", "- one\n    goes on\n- two\n"),
        ("1. one\n   goes on\n", "1. one\n    goes on\n"),
        (
            "- one\n\n  ```yaml\n  a:\n    b\n  ```\n",
            "- one\n\n    ```yaml\n    a:\n      b\n    ```\n",
        ),
        ("```yaml\na:\n  - b\n- c\n```\n", "```yaml\na:\n  - b\n- c\n```\n"),
        ("- one\n\nWords.\n\n    code\n", "- one\n\nWords.\n\n    code\n"),
    ],
)
def test_list__gets_what_python_markdown_needs(text: str, expected: str) -> None:
    assert for_python_markdown(text) == expected


def test_table_in_an_item__is_rendered_in_the_item() -> None:
    text = "Words.\n- one\n\n  | a | b |\n  |---|---|\n  | c | d |\n- two\n"
    html = markdown.markdown(for_python_markdown(text), extensions=["tables"])
    assert html.count("<ul>") == 1
    assert html.index("<table>") < html.index("two")
