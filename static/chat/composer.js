// Where one writes: growing, sending, stopping, drafts and the limit.
import { newId } from "../js/identifier.js";
import { readDraft, writeDraft } from "./drafts.js";
import { characters } from "./stream.js";
import { say } from "./words.js";

const NEAR_LIMIT = 0.9;
const SAVE_AFTER_MS = 200;

export class Composer {
  constructor(form, { conversation, send, stop, typed }) {
    this.form = form;
    this.text = form.querySelector("[data-text]");
    this.sendButton = form.querySelector("[data-send]");
    this.stopButton = form.querySelector("[data-stop]");
    this.count = form.querySelector("[data-count]");
    this.notice = form.querySelector("[data-notice]");
    this.limit = Number(form.dataset.limit);
    this.person = form.dataset.person;
    this.conversation = conversation;
    this.onSend = send;
    this.onTyped = typed;
    this.isRunning = false;
    this.draft = readDraft(this.person, conversation);
    this.text.value = this.draft.text;
    this.listen(stop);
    this.refresh();
  }

  listen(stop) {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.text.addEventListener("input", () => this.changed());
    this.text.addEventListener("keydown", (event) => this.pressed(event));
    this.stopButton.addEventListener("click", stop);
    this.notice.querySelector("[data-notice-close]").addEventListener("click", () => this.warn(""));
    this.form.querySelector(".composer-box").addEventListener("mousedown", (event) => {
      if (event.target.closest("button, textarea")) return;
      event.preventDefault();
      this.text.focus();
    });
    addEventListener("pagehide", () => this.save());
  }

  changed() {
    if (this.text.value !== this.draft.text) this.draft = { text: this.text.value, sentAs: null };
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.save(), SAVE_AFTER_MS);
    this.refresh();
  }

  save() {
    clearTimeout(this.saving);
    writeDraft(this.person, this.conversation, this.draft);
  }

  pressed(event) {
    // 229: some browsers report the Enter that ends a composition as an ordinary key.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    const isAsked = event.ctrlKey || event.metaKey;
    if (hasTouchKeyboard() && !isAsked) return;
    event.preventDefault();
    this.submit();
  }

  submit() {
    if (this.isSending || !this.text.value.trim() || this.over() > 0) return;
    if (this.isRunning) {
      this.warn(say("running"));
      return;
    }
    this.warn("");
    // The same text sent again keeps its id: the server then knows that it is the same message.
    this.draft.sentAs ??= newId();
    this.save();
    this.setSending(true);
    this.onSend(this.draft.text, this.draft.sentAs);
  }

  /** The message is stored: only now does it leave the box. */
  confirm(clientMsgId, conversation) {
    const isMine = this.draft.sentAs === clientMsgId;
    if (isMine) {
      this.draft = { text: "", sentAs: null };
      this.text.value = "";
      this.save();
      this.setSending(false);
      this.warn("");
    }
    this.conversation = conversation;
    this.refresh();
  }

  /** The message was refused: it stays in the box, and is a new one when it is sent again. Where it broke,
      nobody knows whether it was stored: then it keeps its id. */
  refuse(clientMsgId, words, keepsId) {
    if (this.draft.sentAs === clientMsgId) {
      if (!keepsId) this.draft.sentAs = null;
      this.save();
      this.setSending(false);
    }
    this.warn(words);
  }

  fill(text) {
    this.text.value = text;
    this.changed();
    this.text.focus();
  }

  warn(words) {
    this.notice.hidden = !words;
    this.notice.querySelector("[data-notice-text]").textContent = words;
  }

  setOffline(words) {
    const line = this.form.querySelector("[data-offline]");
    line.hidden = !words;
    line.textContent = words && this.isSending ? say("sending") : words;
  }

  setRunning(isRunning) {
    this.isRunning = isRunning;
    this.stopButton.hidden = !isRunning;
    this.sendButton.hidden = isRunning;
    this.stopButton.disabled = false;
  }

  setSending(isSending) {
    this.isSending = isSending;
    this.text.readOnly = isSending;
    this.form.classList.toggle("is-sending", isSending);
    this.refresh();
  }

  over() {
    const text = this.text.value;
    return text.length <= this.limit ? 0 : characters(text) - this.limit;
  }

  refresh() {
    const text = this.text.value;
    const over = this.over();
    this.sendButton.disabled = this.isSending || !text.trim() || over > 0;
    this.count.classList.toggle("is-over", over > 0);
    this.count.textContent = this.countWords(text, over);
    this.onTyped(this.isSending ? "" : text);
    if (!CSS.supports("field-sizing", "content")) this.grow();
  }

  countWords(text, over) {
    if (text.length < this.limit * NEAR_LIMIT) return "";
    const number = (value) => value.toLocaleString(document.documentElement.lang);
    const length = characters(text);
    if (over <= 0) return `${number(length)} / ${number(this.limit)}`;
    return say("tooLong", { limit: number(this.limit), length: number(length), over: number(over) });
  }

  grow() {
    this.text.style.blockSize = "auto";
    this.text.style.blockSize = `${this.text.scrollHeight}px`;
  }
}

// Enter on a touch keyboard breaks the line: its send button is beside the thumb anyway.
function hasTouchKeyboard() {
  return matchMedia("(pointer: coarse) and (hover: none)").matches;
}
