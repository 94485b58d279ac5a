/** A new job as YAML: checked as one types, submitted when it is right. */

import { announce, h, keyed, setText } from "../core/dom.js";
import { go, setting } from "../core/address.js";
import { ApiError, jobPath, request, submit } from "../core/api.js";
import { embedded } from "../data/embedded.js";
import { withoutDefaults } from "../data/spec_defaults.js";
import { yaml } from "../data/yaml.js";
import { lineOf } from "../data/yaml_place.js";

const CHECK_AFTER_MS = 400;
const FIRST = "publish-sync";

export function submitView() {
  let timer = 0;
  let checks = 0;
  const editor = h("textarea", { id: "spec-text", spellcheck: "false", autocapitalize: "off", autocomplete: "off", rows: "28", "aria-describedby": "check", oninput: () => typed(), onscroll: () => (gutter.scrollTop = editor.scrollTop), onkeydown: (event) => indentKey(event, editor) });
  const gutter = h("div", { class: "gutter", "aria-hidden": "true" });
  const showGutter = keyed(gutter);
  const examples = h("select", { "aria-label": "Example", onchange: () => pick(examples.value) }, h("option", { value: "" }, "Examples\u2026"));
  const state = h("p", { class: "check", id: "check", role: "status" }, "Nothing to check yet.");
  const list = h("ul", { class: "problems" });
  const run = h("button", { type: "button", class: "button primary", disabled: true, onclick: () => send() }, "Run the job");
  const element = h(
    "div",
    { class: "submit" },
    h("div", { class: "head-line" }, h("h1", {}, "New job"), h("div", { class: "actions" }, examples, run)),
    h("label", { for: "spec-text", class: "hint" }, "An NjstJob or its bare spec, in YAML or JSON. It is checked by the worker as you type; the Tab key moves on, Ctrl with ] or [ indents."),
    h("div", { class: "editor" }, gutter, editor),
    state,
    list,
  );

  const problems = (found) => {
    const lines = new Map(found.map((one) => [one.line, one]));
    showGutter(`${editor.value.split("\n").length} ${[...lines.keys()]}`, () =>
      editor.value.split("\n").map((_, i) => h("span", { class: lines.has(i) ? "bad-line" : "" }, `${i + 1}\n`)),
    );
    list.replaceChildren(
      ...found.map((one) =>
        h("li", {}, h("button", { type: "button", class: "link", onclick: () => jump(editor, one.line) }, `Line ${one.line + 1}`), " ", one.field && h("code", {}, one.field), one.field ? ": " : "", one.detail),
      ),
    );
  };
  const say = (tone, text) => {
    state.dataset.tone = tone;
    setText(state, text);
  };
  const typed = () => {
    run.disabled = true;
    problems([]);
    say("busy", "Checking\u2026");
    clearTimeout(timer);
    timer = setTimeout(check, CHECK_AFTER_MS);
  };
  const check = async () => {
    const mine = ++checks;
    const text = editor.value;
    if (!text.trim()) {
      say("quiet", "Nothing to check yet.");
      return;
    }
    try {
      await submit(text, true);
      if (mine !== checks) return;
      run.disabled = false;
      say("good", "\u2713 Valid.");
    } catch (error) {
      if (mine === checks) refused(error, text);
    }
  };
  const refused = (error, text) => {
    if (!(error instanceof ApiError)) {
      say("warn", "The worker did not answer; the check is repeated.");
      timer = setTimeout(check, CHECK_AFTER_MS * 5);
      return;
    }
    const { errors, detail } = error.problem;
    const place = /line (\d+), column \d+(?!.*line \d+, column)/.exec(detail ?? "");
    const found = errors?.length
      ? errors.map((one) => ({ ...one, line: lineOf(text, one.field) }))
      : [{ field: "", detail: detail ?? error.message, line: place ? Number(place[1]) - 1 : 0 }];
    problems(found);
    say("bad", `\u2717 ${found.length === 1 ? "1 problem" : `${found.length} problems`}.`);
  };
  const send = async () => {
    run.disabled = true;
    try {
      const job = await submit(editor.value, false);
      announce("The job was submitted.");
      go(["jobs", job.id]);
    } catch (error) {
      refused(error, editor.value);
    }
  };
  const put = (text) => {
    editor.value = text;
    typed();
  };
  let texts = {};
  const pick = (name) => texts[name] && put(texts[name]);
  const load = async () => {
    const from = setting("from");
    if (from) {
      try {
        const job = await request(jobPath(from));
        put(yaml({ apiVersion: "njst.io/v1alpha1", kind: "NjstJob", metadata: { name: job.name || "again" }, spec: withoutDefaults(job.spec) }));
      } catch (error) {
        say("bad", `The job ${from} could not be loaded: ${error.message}`);
      }
    }
    const url = embedded().examples;
    if (!url) return;
    texts = await request(url);
    for (const name of Object.keys(texts)) examples.append(h("option", { value: name }, name));
    if (!from && !editor.value) pick(FIRST);
  };
  load();
  document.title = "New job \u2013 njst";
  return { element, destroy: () => clearTimeout(timer) };
}

/** Ctrl and ] or [ move the chosen lines; Tab stays the key that leaves the field. */
function indentKey(event, editor) {
  if (!(event.ctrlKey || event.metaKey) || (event.key !== "]" && event.key !== "[")) return;
  event.preventDefault();
  const { selectionStart, selectionEnd, value } = editor;
  const from = value.lastIndexOf("\n", selectionStart - 1) + 1;
  const block = value.slice(from, selectionEnd);
  const moved = event.key === "]" ? block.replace(/^/gm, "  ") : block.replace(/^ {1,2}/gm, "");
  editor.setRangeText(moved, from, selectionEnd, "select");
  editor.dispatchEvent(new Event("input"));
}

function jump(editor, line) {
  const lines = editor.value.split("\n");
  const from = lines.slice(0, line).join("\n").length + (line ? 1 : 0);
  editor.focus();
  editor.setSelectionRange(from, from + (lines[line] ?? "").length);
  editor.scrollTop = (line / lines.length) * editor.scrollHeight - editor.clientHeight / 2;
}
