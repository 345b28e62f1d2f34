// Where a reply's text has got to. `seq` counts Unicode characters, as the server does.
import { dress } from "./prose.js";

const HOLDERS = new Set(["BLOCKQUOTE", "DIV", "LI", "OL", "P", "PRE", "TABLE", "TBODY", "TD", "TH", "TR", "UL"]);
const WITH_TEXT = new Set(["H1", "H2", "H3", "H4", "H5", "H6", "LI", "P", "TD", "TH"]);
const HEADINGS = "h1, h2, h3, h4, h5, h6";
const ONE_LINE = `${HEADINGS}, td, th`;
const BLANK_LINE = /\n[ \t]*\n/;

export class ReplyStream {
  constructor(content) {
    this.content = content;
    this.seq = 0;
    this.frozenUntil = 0;
    this.frozen = null;
    this.open = null;
    // White space at the end of the text: rendering drops it, so it is shown with what follows it.
    this.gap = "";
  }

  /** All of it anew. */
  snapshot(frame) {
    this.prepare();
    this.frozen.innerHTML = frame.frozen;
    this.open.innerHTML = frame.open;
    this.seq = frame.seq;
    this.frozenUntil = frame.frozen_until;
    this.gap = "";
    dress(this.frozen);
  }

  /** What came on top; false if something before it is missing. Gives the newly finished blocks. */
  delta(frame) {
    if (frame.seq !== this.seq + characters(frame.append)) return false;
    if (frame.frozen && frame.frozen_from !== this.frozenUntil) return false;
    if (this.open === null) this.prepare();
    this.seq = frame.seq;
    if (frame.frozen) this.freeze(frame);
    const text = this.gap + frame.append;
    const shown = text.trimEnd();
    this.gap = text.slice(shown.length);
    if (typeof frame.open === "string") this.open.innerHTML = frame.open;
    else if (shown) appendText(this.open, shown);
    return true;
  }

  freeze(frame) {
    const blocks = document.createElement("template");
    blocks.innerHTML = frame.frozen;
    this.finished = blocks.content.textContent;
    dress(blocks.content);
    this.frozen.append(blocks.content);
    this.frozenUntil = frame.frozen_until;
  }

  /** The text of blocks finished since it was last asked for. */
  takeFinished() {
    const text = this.finished ?? "";
    this.finished = "";
    return text;
  }

  // A page that was loaded in the middle of a reply shows its text in one piece until now.
  prepare() {
    this.frozen = document.createElement("div");
    this.frozen.dataset.frozen = "";
    this.open = document.createElement("div");
    this.open.dataset.open = "";
    this.content.replaceChildren(this.frozen, this.open);
  }
}

export function characters(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Plain text at the end of the open block, until the server renders that block anew. What clearly
    follows the block stands below it, not glued to it. */
function appendText(open, text) {
  const place = placeForText(open);
  if (place.closest("pre")) {
    const code = place.textContent.trimEnd();
    place.textContent = code ? code + text : text.replace(/^\n/, "");
    return;
  }
  const end = place.dataset.tail === undefined ? text.search(place.matches(ONE_LINE) ? /\n/ : BLANK_LINE) : -1;
  addRaw(place, end < 0 ? text : text.slice(0, end));
  if (end >= 0) addRaw(addTail(open), text.slice(end).replace(/^\s*\n/, ""));
}

function placeForText(open) {
  let place = open;
  for (let next = lastHolder(place); next; next = lastHolder(place)) place = next;
  if (place !== open) return place;
  return open.lastElementChild?.matches(HEADINGS) ? open.lastElementChild : addTail(open);
}

function addTail(open) {
  const tail = open.appendChild(document.createElement("p"));
  tail.dir = "auto";
  tail.dataset.tail = "";
  return tail;
}

function addRaw(place, text) {
  if (!text) return;
  let raw = place.lastChild;
  if (raw?.dataset?.raw === undefined) {
    raw = place.appendChild(document.createElement("span"));
    raw.dataset.raw = "";
  }
  raw.append(text);
}

function lastHolder(place) {
  const last = place.lastElementChild;
  if (!last) return null;
  const isInPre = place.tagName === "PRE" && last.tagName === "CODE";
  if (!isInPre && !HOLDERS.has(last.tagName)) return null;
  // "words <ul>…</ul> more words": what follows the list belongs to the holder itself.
  const after = WITH_TEXT.has(place.tagName) && place.lastChild !== last && place.lastChild.textContent.trim();
  return after ? null : last;
}
