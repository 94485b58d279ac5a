#!/usr/bin/env bash
# Runs a job as a step of CI: the exit code is its verdict, and its reports are files.
#
#   njst-ci.sh JOB_FILE [FOLDER]
#
# JOB_FILE is a job as for `njst run`. FOLDER gets the reports (default: njst-report). A signal, with
# which CI cancels a step, cancels the job; what it measured until then is still written.
#
#   NJST_API             URL of a worker. Without it the script starts `njst dev`, a NATS and three
#                        workers on this machine, and ends it afterwards.
#   NJST_BASELINE        File of a baseline that thresholds of the job are relative to.
#   NJST_ALLOW_TARGET    For `njst dev`: the servers that spec.target may name, as --allow-target.
#   GITHUB_STEP_SUMMARY  File to which the summary is appended; GitHub sets it.
#   GITHUB_OUTPUT        File that gets `job` and `folder`; GitHub sets it.
set -euo pipefail

job_file=${1:?usage: njst-ci.sh JOB_FILE [FOLDER]}
folder=${2:-njst-report}
job=
dev=

say() { printf 'njst-ci: %s\n' "$*" >&2; }

# Starts a program in a process group of its own: a signal to the group of this script, such as
# Ctrl-C on a terminal, must not end it before the job is cancelled.
start() {
  set -m
  "$@" &
  set +m
}

# shellcheck disable=SC2317  # a trap calls it
end_dev() {
  if [ -n "$dev" ]; then
    kill "$dev" 2>/dev/null || true
    wait "$dev" || true
    dev=
  fi
}

# shellcheck disable=SC2317  # a trap calls it
cancel() {
  say "cancelled"
  if [ -z "$job" ]; then exit 105; fi
  njst cancel "$job" >&2 || true
}

# Waits for a process in spite of signals, and returns its exit code.
wait_for() {
  local code
  while true; do
    code=0
    wait "$1" || code=$?
    kill -0 "$1" 2>/dev/null || return "$code"
  done
}

start_dev() {
  local log=$folder/dev.log options=()
  if [ -n "${NJST_ALLOW_TARGET:-}" ]; then options=(--allow-target "$NJST_ALLOW_TARGET"); fi
  start njst dev --http-port 0 --nats-port 0 "${options[@]}" >"$log" 2>&1
  dev=$!
  until grep -q 'Ctrl-C stops everything' "$log"; do
    if ! kill -0 "$dev" 2>/dev/null; then
      cat "$log" >&2
      say "njst dev did not start"
      exit 1
    fi
    sleep 0.2
  done
  NJST_API=$(awk '$1 == "worker-0" { print $2 }' "$log")
  export NJST_API
}

mkdir -p "$folder"
trap end_dev EXIT
trap cancel INT TERM
if [ -z "${NJST_API:-}" ]; then start_dev; fi

if [ -n "${NJST_BASELINE:-}" ]; then njst baseline load "$NJST_BASELINE" >&2; fi
job=$(njst submit "$job_file" --wait)
say "job $job"
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  printf 'job=%s\nfolder=%s\n' "$job" "$folder" >>"$GITHUB_OUTPUT"
fi

# In the background: bash runs a trap only between commands, or while it waits for one of these.
start njst watch "$job" --progress plain \
  --save json="$folder/report.json" \
  --save junit="$folder/junit.xml" \
  --save md="$folder/summary.md" \
  --save html="$folder/report.html" \
  --save bencher="$folder/bencher.json" \
  --save benchmark-action-bigger="$folder/benchmark-action-bigger.json" \
  --save benchmark-action-smaller="$folder/benchmark-action-smaller.json"
verdict=0
wait_for $! || verdict=$?
if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "$folder/summary.md" ]; then
  cat "$folder/summary.md" >>"$GITHUB_STEP_SUMMARY"
fi
exit "$verdict"
