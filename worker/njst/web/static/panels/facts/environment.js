/** Where the job ran: versions, hosts, cores, clocks; and the commands that get the same. */

import { h, keyed } from "../../core/dom.js";
import { count, latency, plural, time } from "../../core/format.js";
import { embedded } from "../../data/embedded.js";
import { workerRows } from "../../data/workers.js";
import { panel } from "../panel.js";

export function environmentPanel(page) {
  const body = h("dl", { class: "pairs" });
  const show = keyed(body);
  const commands = h("pre", { class: "code", tabindex: "0", "aria-label": "Commands" });
  const box = panel({ id: "environment", title: "Environment" }, body, commands);
  return {
    element: box.element,
    destroy: () => {},
    update(model) {
      box.show(true);
      const pairs = pairsOf(model, workerRows(model, page.members), page);
      show(JSON.stringify(pairs), () => pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
      commands.textContent = commandsOf(model, page);
    },
  };
}

function pairsOf(model, rows, page) {
  const { job, report, spec } = model;
  const place = report?.environment ?? job.environment ?? {};
  const adjusted = report?.adjusted ?? job.adjusted ?? [];
  const distinct = (read) => [...new Set(rows.map(read).filter((value) => value != null && value !== ""))];
  const sum = (read) => rows.reduce((total, row) => total + (read(row) ?? 0), 0);
  const logins = model.workloads.filter((one) => one.loginMicroseconds);
  const streams = (spec.streams ?? []).map((one) => `${one.name}${one.count > 1 ? ` x ${one.count}` : ""} (${one.storage ?? "as it is"}, R${one.replicas ?? "?"})`);
  return [
    ["njst", list(place.njstVersions) || distinct((row) => row.version).join(", ") || page.version || embedded().version],
    ["Target", spec.target?.servers?.join(", ") || "the control NATS"],
    ["Servers", [list(place.servers), place.serverVersions?.length ? `nats-server ${list(place.serverVersions)}` : ""].filter(Boolean).join(", ")],
    ["Clusters", list(place.clusters)],
    ["Domains", list(place.domains)],
    ["Account", [list(place.accounts), list(place.users)].filter(Boolean).join(", user ")],
    ["Streams", streams.join(", ")],
    ["Leaders", (place.streams ?? []).filter((one) => one.leader).map(placement).join("; ")],
    ["Adjusted", adjusted.map((one) => adjustment(one)).join("; ")],
    ["Workers", `${plural(rows.length, "worker")}${distinct((row) => row.zone).length ? ` in ${distinct((row) => row.zone).join(", ")}` : ""}`],
    ["Load processes", sum((row) => row.processes) ? `${sum((row) => row.processes)} on hosts of ${distinct((row) => row.cores).join(" or ")} cores` : ""],
    ["Start skew", report?.startSkewMicroseconds != null ? `at most ${latency(report.startSkewMicroseconds)}` : ""],
    ["Logins", logins.map((one) => `${one.workload}: ${count(one.logins)}, p50 ${latency(one.loginMicroseconds.p50)}, max ${latency(one.loginMicroseconds.max)}`).join("; ")],
    ["Submitted", `${time(job.createTime)} by ${job.origin.kind}${job.origin.namespace ? ` ${job.origin.namespace}/${job.origin.name}` : ""}`],
    ["Started", job.startTime ? time(job.startTime) : ""],
    ["Ended", job.completionTime ? time(job.completionTime) : ""],
    ["Left on the target", (job.leftBehind ?? []).join("; ")],
  ].filter(([, value]) => value);
}

function list(values) {
  return (values ?? []).join(", ");
}

function placement(one) {
  return `${one.stream}: ${one.leader}${one.replicas?.length ? ` with ${one.replicas.join(", ")}` : ""}${one.cluster ? ` in ${one.cluster}` : ""}`;
}

function adjustment({ workload, field, value, why }) {
  return `${workload} ${field} is ${value}${why ? `: ${why}` : ""}`;
}

function commandsOf({ id, job }, page) {
  const api = page.origin ? ` --api ${page.origin}` : "";
  const own = [`njst report ${id}${api}`, `curl ${page.origin ?? "$WORKER"}/api/v1/jobs/${id}/report`];
  const resource = job.origin.kind === "Resource" ? [`kubectl get njstjob ${job.origin.name} -n ${job.origin.namespace} -o yaml`] : [];
  return [...own, ...resource].join("\n");
}
