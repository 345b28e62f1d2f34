// The receipt at the end side; on a phone a sheet. It belongs to one reply at a time.
const panel = document.getElementById("panel");
const title = document.getElementById("panel-title");
const main = document.getElementById("main");
const covers = matchMedia("(max-width: 1100px)");

function chipOf(id) {
  return document.querySelector(`[data-receipt="${id}"]`);
}

export function isPanelOpen() {
  return !panel.hidden;
}

function open(id) {
  markChip("false");
  panel.dataset.reply = id;
  panel.hidden = false;
  main.inert = covers.matches;
  markChip("true");
  title.focus();
}

export function closePanel() {
  if (panel.hidden) return;
  panel.hidden = true;
  main.inert = false;
  markChip("false");
  chipOf(panel.dataset.reply)?.focus();
  delete panel.dataset.reply;
}

/** Replies are rendered anew when they end: their chips must know again that they are open. */
export function markChip(expanded = String(!panel.hidden)) {
  chipOf(panel.dataset.reply)?.setAttribute("aria-expanded", expanded);
}

document.getElementById("panel-content").addEventListener("htmx:afterSwap", (event) => {
  const chip = event.detail.requestConfig.elt;
  open(chip.dataset.receipt);
  document.getElementById("panel-content").scrollTop = 0;
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const chip = event.detail.elt;
  if (!panel.hidden && chip.dataset.receipt === panel.dataset.reply) {
    event.preventDefault();
    closePanel();
  }
});

panel.querySelector("[data-panel-close]").addEventListener("click", closePanel);
covers.addEventListener("change", () => {
  main.inert = covers.matches && !panel.hidden;
});
document.addEventListener("pointerdown", (event) => {
  if (covers.matches && !panel.hidden && !panel.contains(event.target)) closePanel();
});
