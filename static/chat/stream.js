// Where a reply's text has got to. `seq` counts Unicode characters, as the server does.
import { dress } from "./prose.js";

const HOLDERS = new Set(["BLOCKQUOTE", "DIV", "LI", "OL", "P", "PRE", "TABLE", "TBODY", "TD", "TH", "TR", "UL"]);
const WITH_TEXT = new Set(["H1", "H2", "H3", "H4", "H5", "H6", "LI", "P", "TD", "TH"]);

export class ReplyStream {
  constructor(content) {
    this.content = content;
    this.seq = 0;
    this.frozenUntil = 0;
    this.frozen = null;
    this.open = null;
    this.textEndsInSpace = false;
    this.endedInSpace = false;
  }

  /** All of it anew. */
  snapshot(frame) {
    this.prepare();
    this.frozen.innerHTML = frame.frozen;
    this.open.innerHTML = frame.open;
    this.seq = frame.seq;
    this.frozenUntil = frame.frozen_until;
    dress(this.frozen);
  }

  /** What came on top; false if something before it is missing. Gives the newly finished blocks. */
  delta(frame) {
    if (frame.seq !== this.seq + characters(frame.append)) return false;
    if (frame.frozen && frame.frozen_from !== this.frozenUntil) return false;
    if (this.open === null) this.prepare();
    this.seq = frame.seq;
    if (frame.frozen) this.freeze(frame);
    if (typeof frame.open === "string") this.open.innerHTML = frame.open;
    else appendText(this.open, this.endedInSpace ? ` ${frame.append}` : frame.append);
    if (frame.append) this.textEndsInSpace = /[ \t]$/.test(frame.append);
    // Rendering drops a space at the end of a block, so it is put back before what follows.
    this.endedInSpace = typeof frame.open === "string" && this.textEndsInSpace;
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

/** Plain text at the end of the open block, until the server renders that block anew. */
function appendText(open, text) {
  if (!text) return;
  let place = open;
  for (let next = lastHolder(place); next; next = lastHolder(place)) place = next;
  if (place === open && !open.lastElementChild?.matches("h1, h2, h3, h4, h5, h6")) {
    place = open.appendChild(document.createElement("p"));
    place.dir = "auto";
  } else if (place === open) {
    place = open.lastElementChild;
  }
  place.append(text);
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
