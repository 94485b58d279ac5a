/** The head of an experiment: its name, its verdict in words, what it found, and its bounds. */

import { announce, h, keyed, setAttribute, setShown, setText } from "../../core/dom.js";
import { count, duration, plural, time, words } from "../../core/format.js";
import { link } from "../../core/address.js";
import { endSentence } from "../../data/experiments/sentences.js";
import { outcome } from "../../data/words.js";

export function headPanel(page, actions) {
  const name = h("h1", {});
  const about = h("p", { class: "about", hidden: true });
  const facts = h("p", { class: "facts" });
  const mark = h("span", { class: "verdict-mark", "aria-hidden": "true" });
  const word = h("strong", {});
  const sentence = h("span", {});
  const reason = h("span", { class: "verdict-reason" });
  const message = h("p", { class: "verdict-message" });
  const elapsed = h("div", { class: "verdict-time" });
  const band = h("div", { class: "verdict" }, mark, h("div", { class: "verdict-words" }, h("p", {}, word, " ", sentence, " ", reason), message), elapsed);
  const bar = h("progress", { max: "1", value: "0", "aria-label": "Trials that have ended", hidden: true });
  const omitted = h("p", { class: "notice", hidden: true });
  const bounds = h("div", { class: "tiles" });
  const element = h("div", { class: "head" }, h("div", { class: "head-line" }, h("div", {}, name, about, facts), actions), band, bar, omitted);
  const showMessage = keyed(message);
  const showFacts = keyed(facts);
  const showBounds = keyed(bounds);
  let said = "";
  return {
    element: h("div", {}, element, bounds),
    destroy: () => {},
    update(model) {
      const { document: shown } = model;
      const state = outcome(shown);
      setText(name, shown.name || shown.id);
      setShown(about, Boolean(shown.spec.description));
      setText(about, shown.spec.description ?? "");
      const news = model.ended ? `${state.word}. ${words(shown.reason)}` : `${plural(model.trials.length, "trial")} ended`;
      if (said && said !== news) announce(news);
      said = news;
      showFacts(JSON.stringify([shown.id, shown.createTime, model.planned]), () => factsOf(model));
      setAttribute(band, "data-tone", state.tone);
      setText(mark, state.mark);
      setText(word, `${state.word}.`);
      setText(sentence, endSentence(model));
      setText(reason, words(shown.reason));
      showMessage(JSON.stringify([shown.message, shown.runningJob]), () => messageOf(shown, page));
      setText(elapsed, timeOf(model));
      setShown(bar, !model.ended && model.planned !== null);
      if (model.planned) bar.value = model.trials.length / model.planned;
      setShown(omitted, Boolean(shown.omitted));
      setText(omitted, shown.omitted ? `Left out: ${shown.omitted}` : "");
      showBounds(JSON.stringify([shown.searches, model.trials.length]), () => boundsOf(model));
    },
  };
}

function factsOf(model) {
  const { document: shown } = model;
  const points = shown.points.length;
  const parts = [
    h("code", {}, shown.id),
    `submitted ${time(shown.createTime)}`,
    points > 1 ? plural(points, "point") : null,
    shown.spec.repeats > 1 ? plural(shown.spec.repeats, "repeat") : null,
    model.planned ? plural(model.planned, "trial") : null,
  ];
  return parts.filter(Boolean).flatMap((part, i) => (i ? [" \u00b7 ", part] : [part]));
}

function messageOf(shown, page) {
  const running = page.origin !== null && shown.runningJob;
  return [shown.message, running && [" \u00b7 ", h("a", { href: link(["jobs", shown.runningJob]) }, "see it run")]].flat();
}

function timeOf(model) {
  const { document: shown } = model;
  const end = shown.completionTime ? Date.parse(shown.completionTime) : Date.now();
  const took = duration(Math.max(0, Math.floor((end - Date.parse(shown.createTime)) / 1000)));
  return `${model.ended ? "took " : ""}${took}`;
}

/** The bounds of a single search as tiles; those of several have a table of their own. */
function boundsOf(model) {
  const { searches, spec } = model.document;
  if (!model.isSearch || searches.length !== 1 || model.document.points.length * spec.repeats > 1) return [];
  const [{ lowerMessagesPerSecond: lower, upperMessagesPerSecond: upper, isLowerConfirmed, trials }] = searches;
  const gap = lower && upper ? `${(((upper - lower) / lower) * 100).toFixed(1)} % above` : "";
  return [
    tile("Sustained", lower, lower ? (isLowerConfirmed ? "confirmed by longer trials" : "held, not confirmed") : model.ended ? "no rate held" : "no rate yet", "good"),
    tile("Not sustained", upper, upper ? gap || "the lowest rejected rate" : "no rate was rejected", "bad"),
    h("article", { class: "tile", "aria-label": "Trials" }, h("header", {}, h("h2", {}, "Trials")), h("p", {}, h("strong", { class: "tile-rate" }, count(trials))), h("p", { class: "note" }, `wanted: bounds within ${spec.search.precisionPercent} %`)),
  ];
}

function tile(name, rate, note, tone) {
  return h(
    "article",
    { class: "tile", "aria-label": name },
    h("header", {}, h("h2", {}, name)),
    h("p", {}, h("strong", { class: `tile-rate${rate ? ` tone-${tone}` : ""}` }, count(rate)), h("span", { class: "tile-unit" }, rate ? " msg/s" : "")),
    h("p", { class: "note" }, note),
  );
}
