"""The modules of the page become one script, which does what they do."""

from pathlib import Path

import pytest

from clients.toolchains import need, run
from tocsin.console.assets import PageDamaged, page_in
from tocsin.console.joining import NotJoined, joined

MODULES = {
    "main.js": """/** Begins. */

import { add, counted as times } from "./core/sums.js";
import {
  Sum,
} from "./core/sums.js";

const later = () => import("./screens/one.js");

console.log(add(1, 2), times(), new Sum().of);
later().then(({ draw, title }) => console.log(draw(), title, times()));
later().then(async ({ wait }) => console.log(await wait()));
""",
    "core/sums.js": """/** @typedef {import("./nowhere.js").Thing} Thing */

console.log("sums once");
let calls = 0;

/**
 * Adds.
 *
 * @param {number} a
 */
export function add(a, b) {
  const text = `/** stays */ export const x = ${a};`;
  return `${a + b} ${text}`;
}

export const counted = () => ++calls;

export class Sum {
  of = "sum";
}
""",
    "screens/one.js": """import { counted } from "../core/sums.js";

console.log("one", counted());
export const title = "One";
export function draw() {
  return "drawn";
}
export async function wait() {
  return "waited";
}
""",
    "screens/nobody.js": "throw new Error('nobody imports this');\n",
}


def test_it_does_what_the_modules_do(tmp_path: Path) -> None:
    for path, source in MODULES.items():
        module = tmp_path / "apart" / path
        module.parent.mkdir(parents=True, exist_ok=True)
        module.write_text(source)
    (tmp_path / "apart" / "package.json").write_text('{"type": "module"}')
    (tmp_path / "page.mjs").write_text(joined(MODULES))
    need("node")
    apart = run("node", tmp_path / "apart" / "main.js")
    assert "drawn One" in apart
    assert run("node", tmp_path / "page.mjs") == apart


def test_comments_of_documentation_are_left_out() -> None:
    script = joined(MODULES)
    assert "Adds." not in script
    assert "/** stays */" in script
    assert "nobody imports this" not in script


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('import whole from "./other.js";', "this form is not known: import whole"),
        ('import * as all from "./other.js";', r"this form is not known: import \* as all"),
        ('import "./other.js";', "this form is not known"),
        ("import { a } from './other.js';", "this form is not known"),
        ('import { a } from "https://elsewhere/a.js";', "this form is not known"),
        ("export default 1;", "this form is not known: export default"),
        ('export { a } from "./other.js";', "this form is not known"),
        ("export let a = 1;", "this form is not known"),
        ("  const here = import.meta.url;", "this form is not known: import.meta.url"),
        ("const name = 'a'; import(name);", r"this form is not known: import\(name\)"),
        ('import { a } from "./missing.js";', "missing.js is imported and is not there"),
        ('import("./missing.js");', "missing.js is imported and is not there"),
        ('import { a } from "./round.js";', "modules import each other: .*round.js"),
    ],
)
def test_other_forms_are_refused(line: str, why: str) -> None:
    modules = {
        "main.js": f"{line}\n",
        "other.js": "export const a = 1;\n",
        "round.js": 'import { b } from "./main.js";\nexport const a = b;\n',
    }
    with pytest.raises(NotJoined, match=why):
        joined(modules)


def test_a_page_that_cannot_be_joined_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("{{tree}}")
    (tmp_path / "main.js").write_text('import { a } from "./gone.js";\n')
    with pytest.raises(PageDamaged, match=r"gone\.js is imported and is not there"):
        page_in(tmp_path)
