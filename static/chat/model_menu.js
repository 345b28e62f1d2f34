// The menu of models: for what is sent next, or for answering one message again.
import { post } from "../js/csrf.js";
import { toast } from "../js/toast.js";
import { say } from "./words.js";

const menu = document.getElementById("model-menu");
const search = menu.querySelector("[data-model-search]");
const button = document.querySelector("[data-model-button]");
const options = [...menu.querySelectorAll("[data-option]")];
const noModel = menu.querySelector("[data-no-model]");

// Only where another model could answer for the one that is chosen by hand.
const fallback = document.querySelector("[data-fallback]");

const choice = {
  model: menu.dataset.model,
  preference: menu.dataset.preference || "balanced",
  fallback: fallback?.querySelector("input").checked ?? null,
};
let retry = null;
let active = null;
let conversation = "";

/** {model, preference, fallback} for the next message. */
export function chosenModel() {
  return { ...choice };
}

export function setConversation(id) {
  conversation = id;
}

export function openModelMenu() {
  open(button, null);
}

/** Ask for a model to answer again with; `then(modelId)` hears it. */
export function askForModel(source, then) {
  open(source, then);
}

function open(source, then) {
  retry = then;
  menu.classList.toggle("is-retry", then !== null);
  search.value = "";
  narrow();
  menu.showPopover({ source });
  search.focus();
}

function matches(option) {
  return option.dataset.model === choice.model
    && (option.dataset.model !== "auto" || option.dataset.preference === choice.preference);
}

function visible() {
  return options.filter((option) => !option.hidden);
}

// For an answer again one Auto is enough: the preference belongs to the conversation.
function isOffered(option) {
  return retry === null || option.dataset.model !== "auto" || option.dataset.preference === choice.preference;
}

function narrow() {
  const wanted = search.value.trim().toLocaleLowerCase().split(/\s+/);
  for (const option of options) {
    const text = (option.dataset.find ?? option.textContent).toLocaleLowerCase();
    option.hidden = !isOffered(option) || !wanted.every((part) => text.includes(part));
  }
  for (const group of menu.querySelectorAll("[role=group]")) {
    group.hidden = !group.querySelector("[data-option]:not([hidden])");
  }
  noModel.hidden = visible().length > 0;
  activate(visible().find(matches) ?? visible()[0] ?? null);
}

function activate(option) {
  active?.classList.remove("is-active");
  active = option;
  active?.classList.add("is-active");
  active?.scrollIntoView({ block: "nearest" });
  if (active) search.setAttribute("aria-activedescendant", active.id);
  else search.removeAttribute("aria-activedescendant");
}

function pick(option) {
  menu.hidePopover();
  if (retry) {
    retry(option.dataset.model);
    return;
  }
  choice.model = option.dataset.model;
  if (option.dataset.preference) choice.preference = option.dataset.preference;
  show();
  document.dispatchEvent(new CustomEvent("chofesh:model"));
  save();
}

function show() {
  const chosen = options.find(matches);
  for (const option of options) option.setAttribute("aria-selected", String(option === chosen));
  const name = chosen?.dataset.label ?? choice.model;
  button.querySelector("[data-model-label]").textContent = name;
  if (!fallback) return;
  fallback.hidden = !choice.model || choice.model === "auto";
  fallback.querySelector("[data-chosen-name]").textContent = name;
}

async function save() {
  if (!conversation) return;
  try {
    const { model, preference } = choice;
    await post(`/c/${conversation}/model`, fallback ? choice : { model, preference });
  } catch {
    toast(say("modelKept"));
  }
}

const moves = {
  ArrowDown: (list, here) => list[(here + 1) % list.length],
  ArrowUp: (list, here) => list.at(here - 1),
  Home: (list) => list[0],
  End: (list) => list.at(-1),
};

search.addEventListener("input", narrow);
search.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Enter") {
    event.preventDefault();
    if (active) pick(active);
    return;
  }
  const move = moves[event.key];
  const list = visible();
  if (!move || list.length === 0) return;
  event.preventDefault();
  activate(move(list, list.indexOf(active)));
});
menu.addEventListener("click", (event) => {
  const option = event.target.closest("[data-option]");
  if (option) pick(option);
});
button.addEventListener("click", openModelMenu);
fallback?.addEventListener("change", (event) => {
  choice.fallback = event.target.checked;
  save();
});
show();
