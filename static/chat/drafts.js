// What was written and not yet confirmed, for each person and conversation, over reloads and crashes.
const PREFIX = "chofesh.draft.";
// Wherever it stands: in the menu, on a page of its own, on the page of who has left.
const SIGN_OUT = 'form[action$="/logout/"]';
const SIGNED_OUT = "chofesh.signed-out";

let isOver = false;

function keyOf(person, conversation) {
  return `${PREFIX}${person}.${conversation || "new"}`;
}

/** {text, sentAs}: `sentAs` is the id under which exactly this text was sent but not confirmed. */
export function readDraft(person, conversation) {
  try {
    return JSON.parse(localStorage.getItem(keyOf(person, conversation))) ?? { text: "", sentAs: null };
  } catch {
    return { text: "", sentAs: null };
  }
}

export function writeDraft(person, conversation, draft) {
  if (isOver) return;
  try {
    const key = keyOf(person, conversation);
    if (draft.text) localStorage.setItem(key, JSON.stringify(draft));
    else localStorage.removeItem(key);
  } catch {
    // Full or forbidden storage: the text still stands in the box.
  }
}

/** At a sign-out: whoever sits down at this browser next finds nothing of what was being written. */
export function forgetDrafts() {
  isOver = true;
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(PREFIX)) localStorage.removeItem(key);
    }
    // The other pages hear of it, and do not write theirs back when they are closed.
    localStorage.setItem(SIGNED_OUT, String(Date.now()));
  } catch {
    // Forbidden storage holds no drafts.
  }
}

/** Somebody is signed in again, and this page with them. */
export function keepDrafts() {
  isOver = false;
}

addEventListener("storage", (event) => {
  if (event.key === SIGNED_OUT) isOver = true;
});
document.addEventListener("submit", (event) => {
  if (event.target.matches(SIGN_OUT)) forgetDrafts();
});
