// The page of a conversation: what each frame does, and what each press sends.
import { announce } from "../js/announce.js";
import { newId } from "../js/identifier.js";
import { combination } from "../js/shortcuts.js";
import { placeRow } from "../js/sidebar_rows.js";
import { toast } from "../js/toast.js";
import { Composer } from "./composer.js";
import { keepDrafts } from "./drafts.js";
import "./earlier.js";
import { MessageEditor } from "./editor.js";
import { askForModel, chosenModel, openModelMenu, setConversation } from "./model_menu.js";
import "./pager.js";
import { closePanel, isPanelOpen, markChip } from "./panel.js";
import { Preview } from "./preview.js";
import { copyCode, copyReply } from "./prose.js";
import { follow, watchThread } from "./scroll.js";
import { ChatSocket } from "./socket.js";
import { ReplyStream } from "./stream.js";
import * as thread from "./thread.js";
import { say } from "./words.js";

const PROTOCOL = 1;
const OFFLINE_SAID_AFTER_MS = 1500;

const chat = document.getElementById("chat");
const streams = new Map();
const resyncing = new Set();
let conversation = chat.dataset.conversation || null;
let offlineTimer = null;

const preview = new Preview(document.querySelector("[data-preview]"), {
  chosen: chosenModel,
  conversation: () => conversation,
});
const composer = new Composer(document.getElementById("composer"), {
  conversation,
  send: sendMessage,
  stop: stopReply,
  typed: (text) => preview.show(text),
});
const editor = new MessageEditor({
  person: composer.person,
  limit: composer.limit,
  send: sendMessage,
  isRunning: () => composer.isRunning,
  left: () => composer.text.focus(),
});
const socket = new ChatSocket("/ws/chat/", { hello, receive, status });

function hello() {
  const running = {};
  for (const reply of thread.activeReplies()) {
    running[reply.dataset.reply] = streams.get(reply.dataset.reply)?.seq ?? 0;
  }
  resyncing.clear();
  const last = thread.lastReply()?.dataset.reply ?? null;
  return { type: "hello", protocol: PROTOCOL, conversation, running, last };
}

function status(state) {
  if (state === "offline") {
    // A short break heals before anybody has read about it.
    offlineTimer ??= setTimeout(() => composer.setOffline(say("offline")), OFFLINE_SAID_AFTER_MS);
    return;
  }
  clearTimeout(offlineTimer);
  offlineTimer = null;
  if (state === "open") keepDrafts();
  // Nothing is sent again before the page is loaded anew: the text is the person's once more.
  if (state === "closed") for (const box of [composer, editor]) box.setSending(false);
  composer.setOffline(state === "closed" ? say("closed") : "");
}

function receive(frame) {
  handlers[frame.type]?.(frame);
}

const handlers = {
  ack(frame) {
    socket.confirm(frame.client_msg_id);
    if (conversation !== frame.conversation) enter(frame.conversation, frame.url);
    composer.confirm(frame.client_msg_id, frame.conversation);
    editor.confirm(frame.client_msg_id);
  },

  turn(frame) {
    if (frame.conversation !== conversation) return;
    // From another page: it is shown where this page stands at the same place, and disturbs no other branch.
    if (!frame.asked_here && !thread.goesOn(frame)) return;
    streams.delete(frame.reply);
    thread.placeTurn(frame);
    refresh();
    follow();
  },

  // Turns were missed while the connection was gone. Drafts are kept over the reload.
  stale() {
    location.reload();
  },

  receipt(frame) {
    thread.setChip(frame.reply, frame.html);
  },

  words(frame) {
    if (!thread.replyElement(frame.reply)) return;
    thread.setWords(frame.reply, frame.text);
    announce(frame.text);
  },

  snapshot(frame) {
    resyncing.delete(frame.reply);
    const stream = streamOf(frame.reply);
    if (!stream) return;
    stream.snapshot(frame);
    if (frame.chip) thread.setChip(frame.reply, frame.chip);
    thread.setReasoning(frame.reply, frame.reasoning);
    started(frame.reply, frame.seq > 0 ? "" : frame.words);
  },

  delta(frame) {
    const stream = streamOf(frame.reply);
    if (!stream || resyncing.has(frame.reply)) return;
    if (!stream.delta(frame)) {
      resyncing.add(frame.reply);
      socket.send({ type: "resync", reply: frame.reply });
      return;
    }
    if (frame.append) started(frame.reply, "");
    announce(stream.takeFinished());
  },

  reasoning(frame) {
    thread.addReasoning(frame.reply, frame.append);
  },

  done(frame) {
    const stream = streams.get(frame.reply);
    streams.delete(frame.reply);
    resyncing.delete(frame.reply);
    if (!thread.replyElement(frame.reply)) return;
    announce(stream?.open?.textContent ?? "");
    thread.replaceReply(frame.reply, frame.html);
    markChip();
    refresh();
    announce(frame.state === "done" ? say("finished") : endWords(frame.reply));
  },

  title(frame) {
    placeRow(frame.html);
    if (frame.conversation === conversation) showTitle(frame.title);
  },

  error(frame) {
    if (frame.client_msg_id) {
      socket.confirm(frame.client_msg_id);
      const refusal = [frame.client_msg_id, frame.message, frame.code === "internal"];
      if (!editor.refuse(...refusal)) composer.refuse(...refusal);
    } else {
      composer.warn(frame.message);
    }
  },

  gone(frame) {
    if (frame.conversation !== conversation) return;
    toast(say("gone"));
    conversation = null;
    location.assign(document.querySelector("[data-new-chat]").href);
  },
};

function streamOf(id) {
  const reply = thread.replyElement(id);
  if (!reply) return null;
  if (!streams.has(id)) streams.set(id, new ReplyStream(reply.querySelector("[data-content]")));
  return streams.get(id);
}

function started(id, words) {
  const reply = thread.replyElement(id);
  if (reply) reply.dataset.state = "running";
  thread.setWords(id, words);
}

function endWords(id) {
  return thread.replyElement(id).querySelector(".reply-end .notice-body")?.textContent ?? "";
}

// The first message of a new chat has made a conversation: the page becomes its page.
function enter(id, url) {
  conversation = id;
  chat.dataset.conversation = id;
  chat.classList.remove("is-new");
  for (const element of document.querySelectorAll("[data-welcome]")) element.remove();
  history.pushState({}, "", url);
  setConversation(id);
}

function showTitle(title) {
  document.getElementById("conversation-title").textContent = title;
  document.title = `${title} · Chofesh`;
}

function refresh() {
  composer.setRunning(thread.activeReplies().length > 0);
}

function sendMessage(text, clientMsgId, edits = null) {
  socket.send({
    type: "send",
    client_msg_id: clientMsgId,
    conversation,
    parent: thread.lastReply()?.dataset.reply ?? null,
    edits,
    text,
    ...chosenModel(),
    tools: [],
    attachments: [],
  });
}

function stopReply() {
  for (const reply of thread.activeReplies()) socket.send({ type: "stop", reply: reply.dataset.reply });
  composer.stopButton.disabled = true;
  composer.text.focus();
}

function answerAgain(reply, model, notThisOne = false) {
  socket.send({
    type: "retry",
    client_msg_id: newId(),
    reply: reply.dataset.reply,
    model,
    not_this_one: notThisOne,
  });
}

// Up-arrow in the empty box.
function editLast(event) {
  const isPlain = !(event.shiftKey || event.ctrlKey || event.metaKey || event.altKey || event.isComposing);
  if (event.key !== "ArrowUp" || !isPlain || composer.text.value || composer.isSending) return;
  const last = [...document.querySelectorAll("#thread .turn")].at(-1);
  if (last) event.preventDefault();
  editor.open(last);
}

function goOn(reply) {
  socket.send({ type: "continue", client_msg_id: newId(), reply: reply.dataset.reply });
}

const presses = {
  "[data-edit]": (button) => editor.open(button.closest(".turn")),
  "[data-copy-code]": (button) => copyCode(button),
  "[data-copy-reply]": (button) => copyReply(button),
  "[data-continue]": (_, reply) => goOn(reply),
  "[data-retry]": (_, reply) => answerAgain(reply, null),
  "[data-not-this-one]": (_, reply) => answerAgain(reply, null, true),
  "[data-undo-switch]": (button, reply) => answerAgain(reply, button.dataset.undoSwitch),
  "[data-retry-with]": (button, reply) => askForModel(button, (model) => answerAgain(reply, model)),
  "[data-starter]": (button) => composer.fill(button.textContent.trim()),
};

composer.text.addEventListener("keydown", editLast);
document.addEventListener("click", (event) => {
  for (const [selector, press] of Object.entries(presses)) {
    const button = event.target.closest(selector);
    if (button) press(button, button.closest(".reply"));
  }
});

function escape() {
  const isInPanel = document.getElementById("panel").contains(document.activeElement);
  if (isPanelOpen() && (isInPanel || !composer.isRunning)) closePanel();
  else if (composer.isRunning) stopReply();
}

const keys = {
  Escape: escape,
  "shift+Escape": () => composer.text.focus(),
  "command+shift+KeyM": openModelMenu,
  "command+shift+KeyC": () => [...document.querySelectorAll("[data-copy-reply]")].at(-1)?.click(),
  "command+shift+Semicolon": () => [...document.querySelectorAll("[data-copy-code]")].at(-1)?.click(),
};

document.addEventListener("keydown", (event) => {
  // What lies on top closes first, and by itself.
  if (event.isComposing || document.querySelector(":popover-open, dialog[open]")) return;
  const action = keys[combination(event)];
  if (!action) return;
  event.preventDefault();
  action();
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.elt.id !== "thread") return;
  streams.clear();
  thread.dressThread();
  watchThread();
  refresh();
});
document.addEventListener("chofesh:model", () => preview.show(composer.text.value));
document.addEventListener("chofesh:renamed", (event) => {
  if (event.detail.id === conversation) showTitle(event.detail.title);
});
addEventListener("popstate", () => location.reload());

setConversation(conversation);
thread.dressThread();
watchThread();
refresh();
follow();
if (matchMedia("(hover: hover)").matches) composer.text.focus();
