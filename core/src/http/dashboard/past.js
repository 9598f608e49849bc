/** What has become of a check: its last changes, read from the server when somebody looks. */

import { el, icon, mirror, setIcon, setText } from "./dom.js";
import { known, WORDS } from "./status.js";

/** So many changes are shown. */
const MOST = 20;

/** The list of one check's changes; it is empty and hidden until it is shown. */
export function pastView() {
  const list = el("ol", { class: "past" });
  const note = el("p", { class: "muted" });
  const node = el("section", { hidden: "" }, el("h4", {}, "History"), list, note);
  let open = false;
  let name = null;
  let since = null;

  async function read() {
    const query = new URLSearchParams({ check: name, limit: MOST });
    try {
      const answer = await fetch(`/api/health/history?${query}`);
      if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
      const changes = await answer.json();
      mirror(list, changes, (change) => change.time, changeView);
      setText(note, changes.length === 0 ? "It has not changed yet." : "");
    } catch (error) {
      setText(note, `The history cannot be read: ${error.message}`);
    }
    note.hidden = note.textContent === "";
    node.hidden = false;
  }

  return {
    node,
    /** Reads it when somebody looks. @param {boolean} now Whether somebody does. */
    show(now) {
      open = now;
      if (open) read();
    },
    /** Reads it again when the check has changed while somebody looks. */
    update(check) {
      const changed = since !== (check.since ?? null);
      name = check.name;
      since = check.since ?? null;
      if (open && changed) read();
    },
  };
}

function changeView() {
  const sign = icon("unknown");
  const time = el("time");
  const word = el("span", { class: "word" });
  const message = el("span", { class: "message" });
  const node = el("li", {}, sign, time, " ", word, " ", message);
  return {
    node,
    update(change) {
      const status = known(change.to);
      node.setAttribute("data-status", status);
      setIcon(sign, status);
      time.setAttribute("datetime", change.time);
      setText(time, new Date(change.time).toLocaleString());
      setText(word, WORDS[status]);
      setText(message, change.message);
    },
  };
}
