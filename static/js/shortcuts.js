import { openSidebar } from "./sidebar.js";

const onMac = /Mac|iPhone|iPad/.test(navigator.platform);
const dialog = document.getElementById("shortcuts");

for (const key of document.querySelectorAll("[data-command]")) key.textContent = onMac ? "⌘" : "Ctrl";
for (const key of document.querySelectorAll("[data-shortcut]")) {
  key.textContent = (onMac ? "⌘ " : "Ctrl ") + key.dataset.shortcut;
}

/** The pressed combination with the platform's own command key, as "command+shift+KeyO". */
export function combination(event) {
  const command = onMac ? event.metaKey : event.ctrlKey;
  const other = onMac ? event.ctrlKey : event.metaKey;
  if (other || event.altKey) return "";
  return [command && "command", event.shiftKey && "shift", event.code].filter(Boolean).join("+");
}

function findChat() {
  openSidebar();
  document.getElementById("sidebar-filter").select();
}

const actions = {
  "command+KeyK": findChat,
  "command+shift+KeyO": () => document.querySelector("[data-new-chat]").click(),
  "command+Slash": () => (dialog.open ? dialog.close() : dialog.showModal()),
};

if (dialog) {
  document.addEventListener("keydown", (event) => {
    const action = actions[combination(event)];
    if (!action) return;
    event.preventDefault();
    action();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-shortcuts]")) dialog.showModal();
    else if (event.target === dialog) dialog.close();
  });
}
