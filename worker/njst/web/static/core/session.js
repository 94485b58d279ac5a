/** The token of the reader, for workers that ask for one. It ends with the tab. */

import { h, setShown } from "./dom.js";

/** The event of the window after the reader gave a token. */
export const SIGNED_IN = "njst-signed-in";
const KEY = "njst-token";
let asked = null;

/** Return the token that the reader gave; empty: none. */
export function token() {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return ""; // a file has no storage in some browsers
  }
}

/** Return the header that carries the token. @returns {Record<string, string>} */
export function authorization() {
  return token() ? { authorization: `Bearer ${token()}` } : {};
}

/** Forget the token. */
export function signOut() {
  sessionStorage.removeItem(KEY);
  location.reload();
}

/**
 * Ask the reader for a token, once for all requests that wait for it.
 * @param {string} refused the token that was not taken; empty: none was sent
 * @returns {Promise<boolean>} whether there is another one now
 */
export function signIn(refused) {
  if (token() !== refused) return Promise.resolve(true);
  asked ??= ask(refused !== "").finally(() => {
    asked = null;
  });
  return asked;
}

function ask(wasRefused) {
  const field = h("input", { type: "password", id: "token", required: true, autocomplete: "off", spellcheck: "false" });
  const trouble = h("p", { class: "tone-bad", role: "alert" }, "This token is not valid here, or has expired.");
  setShown(trouble, wasRefused);
  const dialog = h(
    "dialog",
    { "aria-labelledby": "sign-in-title" },
    h(
      "form",
      { onsubmit: (event) => (event.preventDefault(), dialog.close(field.value.trim())) },
      h("h2", { id: "sign-in-title" }, "This worker asks for a token"),
      trouble,
      h("label", { for: "token" }, "Token"),
      field,
      h("p", { class: "hint" }, "It is kept until this tab is closed, and sent to this worker alone."),
      h("div", { class: "buttons" }, h("button", { type: "submit", class: "button primary" }, "Sign in")),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (dialog.returnValue) {
        sessionStorage.setItem(KEY, dialog.returnValue);
        dispatchEvent(new Event(SIGNED_IN));
      }
      resolve(dialog.returnValue !== "");
    });
  });
}
