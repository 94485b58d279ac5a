/** An experiment: live while it runs, and the same afterwards and as a file. */

import { h, setShown, setText } from "../core/dom.js";
import { remember, setting } from "../core/address.js";
import { ApiError, experimentPath, request } from "../core/api.js";
import { repeat } from "../core/live.js";
import { ExperimentModel } from "../data/experiments/model.js";
import { experimentActions } from "../panels/experiments/actions.js";
import { comparisonPanel } from "../panels/experiments/comparison.js";
import { headPanel } from "../panels/experiments/head.js";
import { planPanel } from "../panels/experiments/plan.js";
import { rateLatencyPanel } from "../panels/experiments/rate_latency.js";
import { searchesPanel } from "../panels/experiments/searches.js";
import { settingsPanel } from "../panels/experiments/settings.js";
import { shiftPanel } from "../panels/experiments/shift.js";
import { trialsPanel } from "../panels/experiments/trials.js";

/** Trials take at least seconds: nothing is gained by asking more often. */
const EVERY_S = 2;

/** What the panels share; `origin` is null in a file. */
class ExperimentPage {
  constructor(id, origin) {
    this.id = id;
    this.origin = origin;
    this.model = new ExperimentModel(id);
    this.chosen = Object.fromEntries(["workload", "search", "pair", "rates"].map((name) => [name, setting(name)]));
    this.actions = experimentActions(this);
    const head = headPanel(this, this.actions.element);
    const below = [rateLatencyPanel, searchesPanel, comparisonPanel, shiftPanel, settingsPanel, trialsPanel, planPanel].map((make) => make(this));
    this.panels = [head, ...below];
    this.element = h("div", { hidden: true }, head.element, h("div", { class: "grid experiment" }, below.map((one) => one.element)));
  }

  /** Remember a choice of the reader, and show it. */
  choose(name, value) {
    this.chosen[name] = value;
    remember(name, value);
    this.refresh();
  }

  /** The workload whose latencies are shown; undefined where there are none yet. */
  workload() {
    const names = this.model.workloads;
    return names.includes(this.chosen.workload) ? this.chosen.workload : names[0];
  }

  /** Show a document; `known` are the trials that it leaves out. */
  show(document, known = []) {
    this.model.document = { ...document, trials: [...known, ...document.trials] };
    this.refresh();
  }

  refresh() {
    const { model } = this;
    this.actions.update(model);
    for (const one of this.panels) one.update(model);
    setShown(this.element, true);
    document.title = `${model.document.name || model.id} \u2013 njst`;
  }

  destroy() {
    for (const one of this.panels) one.destroy();
  }
}

/** Return the page of an experiment of a report in one file. */
export function experimentReportView(data) {
  const page = new ExperimentPage(data.experiment.id, null);
  page.show(data.experiment);
  return { element: page.element, destroy: () => page.destroy() };
}

/** Return the page of an experiment that this worker knows. */
export function experimentView(id) {
  const page = new ExperimentPage(id, new URL(".", location.href).href.replace(/\/$/, ""));
  const trouble = h("p", { class: "notice", role: "status", hidden: true });
  const loading = h("p", { class: "loading" }, "Loading the experiment\u2026");
  const load = async () => {
    if (page.model.ended) return;
    const known = page.model.document?.trials ?? [];
    try {
      page.show(await request(experimentPath(id, `?fromTrial=${known.length}`)), known);
      loading.remove();
      setShown(trouble, false);
    } catch (error) {
      refused(error);
    }
  };
  const refused = (error) => {
    const isUnknown = error instanceof ApiError && error.status === 404;
    const words = isUnknown ? `No experiment has the ID ${id}, or it was deleted.` : `No connection to this worker: ${error.message}. The page keeps trying.`;
    if (isUnknown) stop();
    if (page.model.loaded) {
      setShown(trouble, true);
      setText(trouble, words);
    } else {
      setText(loading, words);
      loading.setAttribute("role", "alert");
    }
  };
  const stop = repeat(load, EVERY_S);
  return {
    element: h("div", {}, trouble, loading, page.element),
    destroy: () => {
      stop();
      page.destroy();
    },
  };
}
