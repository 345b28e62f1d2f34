// What rendered Markdown gets in the browser: copy buttons on code, and typeset formulas.
import { copyText } from "../js/copy.js";

const chat = document.getElementById("chat");
let katexLoading = null;

export function dress(container) {
  for (const block of container.querySelectorAll("pre")) {
    if (block.querySelector(".code-copy")) continue;
    block.append(document.getElementById("code-copy").content.firstElementChild.cloneNode(true));
    // A long line is scrolled with the keyboard too.
    block.querySelector("code")?.setAttribute("tabindex", "0");
  }
  const formulas = [...container.querySelectorAll(".math:not(.is-typeset)")];
  if (formulas.length > 0) typeset(formulas);
}

async function typeset(formulas) {
  katexLoading ??= loadKatex();
  const katex = await katexLoading;
  for (const formula of formulas) {
    katex.render(formula.textContent, formula, {
      displayMode: formula.classList.contains("block"),
      throwOnError: false,
      trust: false,
      maxSize: 50,
      maxExpand: 1000,
    });
    formula.classList.add("is-typeset");
  }
}

async function loadKatex() {
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = chat.dataset.katexStyle;
  document.head.append(style);
  await import(chat.dataset.katexScript);
  return window.katex;
}

export function copyCode(button) {
  return copyText(button.closest("pre").querySelector("code").textContent, button);
}

export function copyReply(button) {
  return copyText(button.parentElement.querySelector("[data-source]").content.textContent, button);
}
