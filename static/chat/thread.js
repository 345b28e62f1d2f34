// The turns on the page: where a frame's HTML goes.
import { elementFrom } from "../js/html.js";
import { dress } from "./prose.js";

const ACTIVE = ["queued", "running"];

function process(element) {
  window.htmx?.process(element);
  dress(element);
}

export function replyElement(id) {
  return document.getElementById(`reply-${id}`);
}

export function lastReply() {
  return [...document.querySelectorAll("#thread .reply")].at(-1) ?? null;
}

export function activeReplies() {
  return [...document.querySelectorAll("#thread .reply")].filter((reply) =>
    ACTIVE.includes(reply.dataset.state),
  );
}

/** Whether a turn follows what is shown here, or takes the place of the reply at its end. */
export function goesOn(frame) {
  if (replyElement(frame.reply)) return true;
  const last = lastReply()?.dataset.reply ?? null;
  return (frame.replaces ?? frame.parent) === last;
}

/** Put a turn below its parent's, in the place of another version of its message if there is one, or
    in the place of the same message's turn. A new branch has no turns after it yet. */
export function placeTurn(frame) {
  const fresh = elementFrom(frame.html);
  const old = document.getElementById(fresh.id);
  if (old) {
    if (frame.replaces) while (old.nextElementSibling) old.nextElementSibling.remove();
    old.replaceWith(fresh);
  } else {
    const thread = document.getElementById("thread");
    const before = frame.parent && replyElement(frame.parent)?.closest(".turn");
    if (before) while (before.nextElementSibling) before.nextElementSibling.remove();
    else for (const turn of thread.querySelectorAll(":scope > .turn")) turn.remove();
    if (!frame.parent) thread.replaceChildren();
    thread.append(fresh);
  }
  process(fresh);
}

export function replaceReply(id, html) {
  const old = replyElement(id);
  const fresh = elementFrom(html);
  const wasOpen = old.querySelector("[data-reasoning]")?.open ?? false;
  const hadFocus = old.contains(document.activeElement);
  old.replaceWith(fresh);
  process(fresh);
  const reasoning = fresh.querySelector("[data-reasoning]");
  if (reasoning) reasoning.open = wasOpen;
  if (hadFocus) fresh.querySelector("[data-receipt]")?.focus();
}

export function setChip(id, html) {
  const place = replyElement(id)?.querySelector("[data-chip]");
  if (!place) return;
  place.innerHTML = html;
  process(place);
}

export function setWords(id, text) {
  const words = replyElement(id)?.querySelector("[data-words]");
  if (!words) return;
  words.textContent = text;
  words.hidden = !text;
}

export function setReasoning(id, text) {
  const place = replyElement(id)?.querySelector("[data-reasoning-text]");
  if (place) place.textContent = "";
  if (text) addReasoning(id, text);
}

export function addReasoning(id, text) {
  const reply = replyElement(id);
  if (!reply) return;
  reply.querySelector("[data-reasoning]").hidden = false;
  reply.querySelector("[data-reasoning-text]").append(text);
}

/** On arrival: what the server has rendered gets its buttons and formulas. */
export function dressThread() {
  dress(document.getElementById("thread"));
}
