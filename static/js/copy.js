import { announce } from "./announce.js";

const SHOWN_MS = 1600;

/** Copy a text and let the button say so for a moment. */
export async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyBySelection(text);
  }
  announce(button.dataset.copied ?? "");
  const use = button.querySelector("use");
  if (!use || button.classList.contains("is-copied")) return;
  const icon = use.getAttribute("href");
  use.setAttribute("href", icon.replace(/#.*/, "#check"));
  button.classList.add("is-copied");
  setTimeout(() => {
    use.setAttribute("href", icon);
    button.classList.remove("is-copied");
  }, SHOWN_MS);
}

// The clipboard of browsers is closed to plain http on other hosts than localhost.
function copyBySelection(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

// <button data-copy="text"> or <button data-copy-from="id of an element or a field">
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copyFrom);
  copyText(button.dataset.copy ?? source.value ?? source.textContent, button);
});
