// The rows of the sidebar: finding, renaming, deleting with a way back, and what the socket brings.
import { post } from "./csrf.js";
import { elementFrom } from "./html.js";
import { closeDrawer } from "./sidebar.js";
import { toast } from "./toast.js";

const list = document.querySelector("[data-chats]");
const menu = document.getElementById("row-menu");
const filter = document.querySelector("[data-sidebar-filter]");
const DELETED = "chofesh.deleted";

function rowLink(row) {
  return row.querySelector(".chat-link");
}

function address(row, verb) {
  return `${rowLink(row).pathname.replace(/\/$/, "")}/${verb}`;
}

function markCurrent() {
  for (const link of list.querySelectorAll(".chat-link")) {
    if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** A row that the server has rendered: a chat that is new or at work comes first, another one
    takes its old place. */
export function placeRow(html) {
  const fresh = elementFrom(html);
  const old = document.getElementById(fresh.id);
  if (old && !fresh.querySelector(".dot-running")) {
    old.replaceWith(fresh);
  } else {
    old?.remove();
    list.querySelector("[data-no-chats]")?.remove();
    rowsOfToday().prepend(fresh);
  }
  markCurrent();
  applyFilter();
}

function rowsOfToday() {
  const first = list.querySelector("[data-group]");
  if (first?.querySelector("h2").textContent === list.dataset.today) return first.querySelector("ul");
  const group = document.getElementById("chat-group").content.firstElementChild.cloneNode(true);
  list.prepend(group);
  return group.querySelector("ul");
}

function applyFilter() {
  const wanted = filter.value.trim().toLocaleLowerCase();
  let shown = 0;
  for (const row of list.querySelectorAll(".chat-row:not(.is-deleted)")) {
    row.hidden = !rowLink(row)?.textContent.toLocaleLowerCase().includes(wanted);
    shown += row.hidden ? 0 : 1;
  }
  for (const group of list.querySelectorAll("[data-group]")) {
    group.hidden = !group.querySelector(".chat-row:not([hidden])");
  }
  list.querySelector("[data-no-match]").hidden = !wanted || shown > 0;
}

// Two pages of the list may both begin with, say, "Last 7 days": one heading is enough.
function joinGroups() {
  let last = null;
  for (const group of list.querySelectorAll("[data-group]")) {
    const label = group.querySelector("h2").textContent;
    if (last?.querySelector("h2").textContent === label) {
      last.querySelector("ul").append(...group.querySelectorAll(".chat-row"));
      group.remove();
    } else {
      last = group;
    }
  }
}

function rename(row) {
  const link = rowLink(row);
  const before = row.querySelector("[data-title]").textContent;
  const field = document.createElement("input");
  field.className = "input";
  field.value = before;
  field.maxLength = 200;
  field.dir = "auto";
  field.setAttribute("aria-label", menu.dataset.titleLabel);
  link.hidden = true;
  link.before(field);
  field.select();

  let ended = false;
  const end = async (title) => {
    if (ended) return;
    ended = true;
    field.remove();
    link.hidden = false;
    link.focus();
    if (!title || title === before) return;
    row.querySelector("[data-title]").textContent = title;
    try {
      await post(address(row, "rename"), { title });
      document.dispatchEvent(new CustomEvent("chofesh:renamed", { detail: { id: row.dataset.conversation, title } }));
    } catch {
      row.querySelector("[data-title]").textContent = before;
      toast(menu.dataset.failed);
    }
  };
  field.addEventListener("blur", () => end(field.value.trim()));
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.isComposing) return;
    if (event.key === "Enter") end(field.value.trim());
    if (event.key === "Escape") end("");
  });
}

async function remove(row) {
  try {
    await post(address(row, "delete"));
  } catch {
    toast(menu.dataset.failed);
    return;
  }
  const restore = address(row, "restore");
  if (rowLink(row).getAttribute("aria-current")) {
    // The page of a deleted chat makes no sense: the way back is offered on the next one.
    sessionStorage.setItem(DELETED, restore);
    location.assign(document.querySelector("[data-new-chat]").href);
    return;
  }
  row.classList.add("is-deleted");
  row.hidden = true;
  offerUndo(restore, () => {
    row.classList.remove("is-deleted");
    applyFilter();
  });
}

function offerUndo(restore, bringBack) {
  const run = async () => {
    try {
      await post(restore);
    } catch {
      toast(menu.dataset.failed);
      return;
    }
    bringBack();
    toast(menu.dataset.restored);
  };
  toast(menu.dataset.deleted, { label: menu.dataset.undo, run });
}

function openMenu(button) {
  menu.row = button.closest(".chat-row");
  menu.showPopover({ source: button });
}

if (list) {
  filter.addEventListener("input", applyFilter);
  filter.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    filter.value = "";
    applyFilter();
  });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-row-menu]");
    if (button) openMenu(button);
    else if (event.target.closest(".chat-link")) closeDrawer();
  });
  list.addEventListener("dblclick", (event) => {
    const row = event.target.closest(".chat-row");
    if (row && event.target.closest("[aria-current]")) rename(row);
  });
  list.addEventListener("htmx:afterSettle", () => {
    joinGroups();
    markCurrent();
    applyFilter();
  });
  menu.querySelector("[data-rename]").addEventListener("click", () => rename(menu.row));
  menu.querySelector("[data-delete]").addEventListener("click", () => remove(menu.row));

  const restore = sessionStorage.getItem(DELETED);
  if (restore) {
    sessionStorage.removeItem(DELETED);
    offerUndo(restore, () => location.assign(restore.replace(/\/restore$/, "")));
  }
}
