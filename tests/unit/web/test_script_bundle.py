"""The modules of the page become one script that does the same."""

import pytest

from njst.web.script_bundle import BundleError, bundle, bundle_in_turn


def joined(**modules: str) -> str:
    return bundle("main.js", lambda path: modules[path.removesuffix(".js").replace("/", "_")])


def test_bundle__module_that_imports__comes_after_what_it_imports() -> None:
    script = joined(
        main='import { a, b } from "./parts/a.js";\na(b);\n',
        parts_a='import { c } from "../c.js";\nexport const b = 1;\n'
        "export async function a() { c(); }\n",
        c="export class c {}\nconst own = 2;\n",
    )
    assert script == (
        '"use strict";\n(() => {\n'
        "const module0 = (() => { // c.js\nclass c {}\nconst own = 2;\nreturn { c };\n})();\n"
        "const module1 = (() => { // parts/a.js\nconst { c } = module0;\nconst b = 1;\n"
        "async function a() { c(); }\nreturn { b, a };\n})();\n"
        "const module2 = (() => { // main.js\nconst { a, b } = module1;\na(b);\n"
        "return {  };\n})();\n"
        "})();\n"
    )


def test_bundle__module_that_two_import__runs_once() -> None:
    script = joined(
        main='import { a } from "./a.js";\nimport { b } from "./b.js";\n',
        a='import { c } from "./c.js";\nexport const a = c;\n',
        b='import { c } from "./c.js";\nexport const b = c;\n',
        c="export const c = 1;\n",
    )
    assert script.count("// c.js") == 1


def test_bundles__in_turn__share_the_modules_of_the_first_one() -> None:
    modules = {
        "main.js": 'import { a } from "./a.js";\na;\n',
        "later.js": 'import { a } from "./a.js";\nimport { b } from "./b.js";\na(b);\n',
        "a.js": "export const a = 1;\n",
        "b.js": "export const b = 2;\n",
    }
    first, later = bundle_in_turn(["main.js", "later.js"], modules.__getitem__)
    assert "// a.js" in first
    assert later == (
        '"use strict";\n'
        "const module2 = (() => { // b.js\nconst b = 2;\nreturn { b };\n})();\n"
        "const module3 = (() => { // later.js\nconst { a } = module0;\nconst { b } = module2;\n"
        "a(b);\nreturn {  };\n})();\n"
    )


def test_bundle__comments_and_indentation__stay_in_the_sources() -> None:
    source = "/** Why.\n * More. */\nexport const a = {\n  // One.\n  b: `//`, /** x */\n};\n"
    script = joined(main='import { a } from "./a.js";\na;\n', a=source)
    assert "// a.js\nconst a = {\nb: `//`, /** x */\n};\nreturn { a };" in script


def test_bundle__text_over_several_lines__is_an_error() -> None:
    with pytest.raises(
        BundleError, match=r"main\.js: .* no text over several lines: 'const a = `1'"
    ):
        joined(main="const a = `1\n  2`;\n")


@pytest.mark.parametrize(
    "line",
    [
        'import all from "./a.js";',
        'import * as all from "./a.js";',
        'import { a as b } from "./a.js";',
        'import "./a.js";',
        'import { a } from "elsewhere";',
        "export default 1;",
        "export { a };",
        "export let a = 1;",
    ],
)
def test_bundle__another_form__is_an_error(line: str) -> None:
    with pytest.raises(BundleError, match=r"main\.js: the bundle does not know"):
        joined(main=f"{line}\n", a="export const a = 1;\n")


def test_bundle__circle__is_an_error() -> None:
    with pytest.raises(BundleError, match=r"main\.js > a\.js > main\.js"):
        joined(main='import { a } from "./a.js";\n', a='import { m } from "./main.js";\n')
