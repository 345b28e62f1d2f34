// What was written and not yet confirmed, for each conversation, over reloads and crashes.
const PREFIX = "chofesh.draft.";

function keyOf(conversation) {
  return PREFIX + (conversation || "new");
}

/** {text, sentAs}: `sentAs` is the id under which exactly this text was sent but not confirmed. */
export function readDraft(conversation) {
  try {
    return JSON.parse(localStorage.getItem(keyOf(conversation))) ?? { text: "", sentAs: null };
  } catch {
    return { text: "", sentAs: null };
  }
}

export function writeDraft(conversation, draft) {
  try {
    if (draft.text) localStorage.setItem(keyOf(conversation), JSON.stringify(draft));
    else localStorage.removeItem(keyOf(conversation));
  } catch {
    // Full or forbidden storage: the text still stands in the box.
  }
}
