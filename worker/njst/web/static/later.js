/** The views that are loaded when somebody looks at them. */

import { compareView } from "./views/compare.js";
import { historyView } from "./views/history.js";
import { submitView } from "./views/submit.js";

globalThis.njstLater = { compareView, historyView, submitView };
