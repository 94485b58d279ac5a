/** What the page says of an experiment in sentences. */

import { plural } from "../../core/format.js";

const ENDS = {
  Found: "The highest rate lies between the two bounds.",
  LowerBound: "The target sustains the highest rate of the search: its maximum is higher.",
  NotFound: "The target does not sustain the lowest rate.",
  Unstable: "The target has no single highest rate.",
  TesterLimited: "The workers could not offer more: the maximum of the target is not known.",
  TimeOver: "Its trials or its time were used up.",
  Requested: "It was stopped; the trials so far are kept.",
  ThresholdsFailed: "Trials missed their thresholds.",
  TrialsUndecided: "Some trials prove nothing.",
  TrialsFailed: "Trials failed.",
};

/** How it ended in one sentence; before the end, how far it is. */
export function endSentence(model) {
  const { document: shown, planned } = model;
  if (!model.ended) return planned ? `${model.trials.length} of ${plural(planned, "trial")} ended.` : `${plural(model.trials.length, "trial")} ended.`;
  if (shown.reason === "Completed") return model.isSearch ? "Each search found a rate." : "All trials ended, and each is valid.";
  return ENDS[shown.reason] ?? "";
}

const PURPOSES = {
  Sample: "Sample",
  Probe: "As fast as possible, for a first guess",
  Climb: "Above all rates so far",
  Narrow: "Between the bounds",
  Repeat: "Once more where the first was breached",
  Recovery: "Lowest rate: has the target recovered?",
  Recheck: "Just below a rate that held: is the target still the same?",
  ConfirmLower: "Longer, at the highest rate that held",
  ConfirmUpper: "Longer, at the lowest rate that was rejected",
};

/** What a trial is for. */
export function purposeWords(purpose) {
  return PURPOSES[purpose] ?? purpose;
}

/** Tone and mark of a judgement. */
export const JUDGEMENTS = {
  Held: { tone: "good", mark: "\u2713" },
  Breached: { tone: "bad", mark: "\u2717" },
  Undecided: { tone: "warn", mark: "?" },
};
