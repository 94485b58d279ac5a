/** What happened, in the order of the log; the same as the ticks of the charts. */

import { h, keyed } from "../../core/dom.js";
import { clockTenths, count, time, words } from "../../core/format.js";
import { panel } from "../panel.js";

const TONES = {
  WorkerSuspected: "warn",
  WorkerLost: "bad",
  WorkerRefused: "bad",
  WorkerLate: "bad",
  CancelRequested: "warn",
  Disconnected: "warn",
  LeaderChanged: "warn",
};

/** The tone of an event; null for the usual ones. */
export function toneOf(type) {
  return TONES[type] ?? null;
}

export function eventsPanel() {
  const body = h("div", { class: "table-scroll tall", tabindex: "0", role: "region", "aria-label": "Events" });
  const show = keyed(body);
  const box = panel({ id: "events", title: "Events" }, body);
  return {
    element: box.element,
    destroy: () => {},
    update({ course }) {
      box.show(course.events.length > 0);
      show(course.events.length, () => table(course.events));
      box.say(course.eventsOmitted ? `${count(course.eventsOmitted)} more events are not shown.` : "");
    },
  };
}

function table(events) {
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ["At", "Event", "What"].map((text) => h("th", { scope: "col" }, text)))),
    h(
      "tbody",
      {},
      events.map((one) =>
        h(
          "tr",
          {},
          h("td", { class: "number", title: time(one.time) }, one.atMilliseconds == null ? time(one.time) : clockTenths(one.atMilliseconds)),
          h("th", { scope: "row", class: toneOf(one.type) ? `tone-${toneOf(one.type)}` : "" }, words(one.type)),
          h("td", { class: "words" }, [one.worker, one.workload, one.message].filter(Boolean).join(" \u00b7 ")),
        ),
      ),
    ),
  );
}
