// The list of rules: moved with the keyboard, marked where a prompt on trial would end, told to a screen reader.
import { announce } from "./announce.js";

const STEPS = { ArrowUp: "up", ArrowDown: "down" };

document.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  const rule = event.target.closest?.(".rule");
  if (!rule || !step || !event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const button = rule.querySelector(`[data-move="${step}"]`);
  if (button.getAttribute("aria-disabled") !== "true") button.click();
});

// At the end of the list its button stays in the order of tabs, and does nothing.
document.addEventListener(
  "click",
  (event) => {
    if (!event.target.closest?.('[data-move][aria-disabled="true"]')) return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

function mark() {
  const number = document.querySelector("#rule-test-result [data-match]")?.dataset.match;
  for (const rule of document.querySelectorAll(".rule")) {
    rule.classList.toggle("is-match", rule.dataset.rule === number);
  }
}

document.addEventListener("htmx:afterSwap", (event) => {
  const said = event.detail.elt.dataset?.said;
  if (said) announce(said);
  // The prompt on trial may meet another rule now.
  if (event.detail.elt.id === "rules") document.body.dispatchEvent(new CustomEvent("rulesChanged"));
  mark();
});
