// While one writes: what Auto would pick, in a quiet line. It never holds up sending.
import { post } from "../js/csrf.js";

const WAIT_MS = 300;
const READ_CHARACTERS = 20_000;

export class Preview {
  /** `chosen()` gives {model, preference}, `conversation()` the id of the chat or null. */
  constructor(line, { chosen, conversation }) {
    this.line = line;
    this.chosen = chosen;
    this.conversation = conversation;
    this.asked = 0;
  }

  show(text) {
    clearTimeout(this.waiting);
    // An answer that is still on its way is no longer about this text.
    this.asked += 1;
    if (!text.trim() || this.chosen().model !== "auto") {
      this.line.hidden = true;
      return;
    }
    this.waiting = setTimeout(() => this.ask(text, this.asked), WAIT_MS);
  }

  async ask(text, asked) {
    try {
      const response = await post(this.line.dataset.preview, {
        text: text.slice(0, READ_CHARACTERS),
        characters: text.length,
        preference: this.chosen().preference,
        conversation: this.conversation() ?? "",
      });
      const html = response.redirected ? "" : await response.text();
      if (asked === this.asked) this.fill(html);
    } catch {
      // It is only a preview: without one the message is sent all the same.
      if (asked === this.asked) this.line.hidden = true;
    }
  }

  fill(html) {
    this.line.innerHTML = html;
    this.line.hidden = !html.trim();
  }
}
