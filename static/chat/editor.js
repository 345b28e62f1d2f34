// One's own message written anew: sent as another version beside the former one.
import { newId } from "../js/identifier.js";
import { readDraft, writeDraft } from "./drafts.js";
import { characters } from "./stream.js";
import { say } from "./words.js";

export class MessageEditor {
  /** `send(text, clientMsgId, messageId)`; `isRunning()`: whether a reply is being written here;
      `left()`: where the focus goes when there is nothing to edit any more. */
  constructor({ person, limit, send, isRunning, left }) {
    this.person = person;
    this.limit = limit;
    this.onSend = send;
    this.isRunning = isRunning;
    this.onLeft = left;
    this.form = null;
  }

  open(turn) {
    if (!turn || turn.contains(this.form)) return;
    this.close();
    this.messageId = turn.dataset.message;
    this.said = turn.querySelector(".said");
    this.former = this.said.querySelector(".message-text").textContent;
    const kept = readDraft(this.person, this.place());
    this.draft = kept.text ? kept : { text: this.former, sentAs: null };
    this.form = document.getElementById("message-editor").content.firstElementChild.cloneNode(true);
    this.text = this.form.querySelector("[data-editor-text]");
    this.text.value = this.draft.text;
    this.said.prepend(this.form);
    this.said.classList.add("is-editing");
    this.listen();
    this.refresh();
    this.text.focus();
    this.text.setSelectionRange(this.text.value.length, this.text.value.length);
  }

  listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.text.addEventListener("input", () => this.changed());
    this.form.addEventListener("keydown", (event) => this.pressed(event));
    this.form.querySelector("[data-editor-cancel]").addEventListener("click", () => this.leave());
  }

  pressed(event) {
    if (event.isComposing) return;
    const isAsked = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    if (!isAsked && event.key !== "Escape") return;
    // Of the page, Esc would stop a reply or close the receipt.
    event.preventDefault();
    event.stopPropagation();
    if (isAsked) this.submit();
    else this.leave();
  }

  changed() {
    if (this.text.value !== this.draft.text) this.draft = { text: this.text.value, sentAs: null };
    const isChanged = this.draft.text !== this.former;
    writeDraft(this.person, this.place(), isChanged ? this.draft : { text: "", sentAs: null });
    this.refresh();
  }

  submit() {
    if (this.isSending || !this.text.value.trim()) return;
    if (this.isRunning()) {
      this.warn(say("running"));
      return;
    }
    const over = characters(this.text.value) - this.limit;
    if (over > 0) {
      this.warn(say("tooLong", { limit: this.limit, length: this.limit + over, over }));
      return;
    }
    this.warn("");
    this.draft.sentAs ??= newId();
    writeDraft(this.person, this.place(), this.draft);
    this.setSending(true);
    this.onSend(this.draft.text, this.draft.sentAs, this.messageId);
  }

  /** The person gives up. What is on its way is not: it is sent again, and its text must not be lost. */
  leave() {
    if (!this.isSending) this.cancel();
  }

  confirm(clientMsgId) {
    if (this.form && this.draft.sentAs === clientMsgId) this.cancel();
  }

  /** Whether it was this message. Its text stays in the box; where it broke, it keeps its id. */
  refuse(clientMsgId, words, keepsId) {
    if (!this.form || this.draft.sentAs !== clientMsgId) return false;
    if (!keepsId) this.draft.sentAs = null;
    writeDraft(this.person, this.place(), this.draft);
    this.setSending(false);
    this.warn(words);
    this.text.focus();
    return true;
  }

  cancel() {
    writeDraft(this.person, this.place(), { text: "", sentAs: null });
    this.close();
    this.onLeft();
  }

  close() {
    this.form?.remove();
    this.said?.classList.remove("is-editing");
    this.form = null;
    this.isSending = false;
  }

  setSending(isSending) {
    this.isSending = isSending;
    if (!this.form) return;
    this.text.readOnly = isSending;
    this.refresh();
  }

  warn(words) {
    const notice = this.form.querySelector("[data-editor-notice]");
    notice.hidden = !words;
    notice.textContent = words;
  }

  refresh() {
    this.form.querySelector("[data-editor-save]").disabled = this.isSending || !this.text.value.trim();
  }

  place() {
    return `edit.${this.messageId}`;
  }
}
