/**
 * Server-sent events (HTML standard, section 9.2.6) from pieces of text. An EventSource reads them
 * too, but sends no header, and a token is one.
 */

/** @typedef {{ type: string, data: string, id: string }} StreamMessage */

export class EventStreamParser {
  constructor() {
    this.rest = "";
    this.id = "";
    this.clear();
  }

  clear() {
    this.type = "message";
    this.data = [];
  }

  /** Return the messages that are whole now. @returns {StreamMessage[]} */
  feed(text) {
    const lines = (this.rest + text).split(/\r\n|\n/);
    this.rest = lines.pop();
    const found = [];
    for (const line of lines) {
      if (line !== "") {
        this.take(line);
        continue;
      }
      if (this.data.length) found.push({ type: this.type, data: this.data.join("\n"), id: this.id });
      this.clear();
    }
    return found;
  }

  take(line) {
    const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
    if (name === "event") this.type = value;
    else if (name === "data") this.data.push(value);
    else if (name === "id") this.id = value;
  }
}
