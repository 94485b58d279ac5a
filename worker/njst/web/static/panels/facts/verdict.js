/** The head of a job: its name, its verdict in words, and where it stands. */

import { announce, h, keyed, setAttribute, setShown, setText } from "../../core/dom.js";
import { duration, plural, time, words } from "../../core/format.js";
import { link } from "../../core/address.js";
import { outcome, plannedTotal, verdictSentence } from "../../data/words.js";

export function verdictPanel(page, actions) {
  const name = h("h1", {});
  const facts = h("p", { class: "facts" });
  const mark = h("span", { class: "verdict-mark", "aria-hidden": "true" });
  const word = h("strong", {});
  const sentence = h("span", {});
  const reason = h("span", { class: "verdict-reason" });
  const message = h("p", { class: "verdict-message" });
  const queue = h("p", { class: "verdict-message", hidden: true });
  const bar = h("progress", { max: "100", value: "0", "aria-label": "Progress of the load" });
  const band = h(
    "div",
    { class: "verdict" },
    mark,
    h("div", { class: "verdict-words" }, h("p", {}, word, " ", sentence, " ", reason), message, queue),
    h("div", { class: "verdict-time" }),
  );
  const elapsed = band.lastElementChild;
  const omitted = h("p", { class: "notice", hidden: true });
  const about = h("p", { class: "about", hidden: true });
  const element = h("div", { class: "head" }, h("div", { class: "head-line" }, h("div", {}, name, about, facts), actions), band, bar, omitted);
  const showQueue = keyed(queue);
  const showFacts = keyed(facts);
  let said = "";
  return {
    element,
    destroy: () => {},
    update(model) {
      const { job } = model;
      const state = outcome(job);
      setText(name, job.name || job.id);
      setShown(about, Boolean(job.spec.description));
      setText(about, job.spec.description ?? "");
      if (said && said !== `${state.word} ${job.reason}`) announce(`${state.word}. ${job.reason ? words(job.reason) : ""}`);
      said = `${state.word} ${job.reason}`;
      showFacts(JSON.stringify([job.id, job.createTime, job.zones, job.workers]), () => factsOf(job));
      setAttribute(band, "data-tone", state.tone);
      setText(mark, state.mark);
      setText(word, `${state.word}.`);
      setText(sentence, verdictSentence(job, model));
      setText(reason, job.reason ? words(job.reason) : "");
      setText(message, job.message ?? "");
      setShown(message, !job.waitsFor?.length);
      setShown(queue, Boolean(job.waitsFor?.length));
      showQueue(JSON.stringify(job.waitsFor ?? []), () => queueOf(job));
      setShown(omitted, model.omitted.length > 0);
      setText(omitted, model.omitted.length ? `Left out: ${model.omitted.join("; ")}` : "");
      showTime(model);
    },
  };

  function showTime(model) {
    const seconds = model.elapsed(Date.now());
    const total = plannedTotal(model.spec);
    setText(elapsed, seconds == null ? "" : timeWords(model, seconds, total));
    const running = model.job.phase === "Running" && seconds != null && total;
    setShown(bar, Boolean(running));
    if (running) bar.value = Math.min(100, (seconds / total) * 100);
  }
}

function timeWords(model, seconds, total) {
  if (model.ended) return `took ${duration(seconds)}`;
  return total == null ? duration(Math.floor(seconds)) : `${duration(Math.floor(seconds))} of ${duration(total)}`;
}

function factsOf(job) {
  const zones = Object.entries(job.zones ?? {}).map(([zone, workers]) => `${zone || "no zone"}: ${workers}`);
  const parts = [
    h("code", {}, job.id),
    `submitted ${time(job.createTime)}`,
    `${plural(job.participants.length, "worker")}`,
    zones.length > 1 || (zones.length === 1 && !("" in job.zones)) ? zones.join(", ") : null,
    job.workers.lost ? h("span", { class: "tone-bad" }, `${plural(job.workers.lost, "worker")} lost`) : null,
  ];
  return parts.filter(Boolean).flatMap((part, i) => (i ? [" \u00b7 ", part] : [part]));
}

function queueOf(job) {
  const ids = (job.waitsFor ?? []).slice(0, 5);
  if (!ids.length) return [];
  const more = job.waitsFor.length - ids.length;
  return [ids.flatMap((id, i) => [i ? ", " : "", h("a", { href: link(["jobs", id]) }, id)]), more > 0 ? ` and ${more} more` : ""];
}
