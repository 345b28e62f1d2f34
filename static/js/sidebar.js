// The sidebar opens and closes; on a phone it is a drawer over the page.
const shell = document.querySelector("[data-shell]");
const phone = matchMedia("(max-width: 860px)");
const A_YEAR_S = 31536000;

function isOpen() {
  return phone.matches
    ? shell.classList.contains("is-drawer-open")
    : !shell.classList.contains("is-sidebar-closed");
}

function setOpen(open) {
  if (phone.matches) {
    shell.classList.toggle("is-drawer-open", open);
    document.getElementById("main").inert = open;
  } else {
    shell.classList.toggle("is-sidebar-closed", !open);
    // A cookie and not the browser's storage: the server can then draw the page right at once.
    document.cookie = `sidebar=${open ? "open" : "closed"};path=/;max-age=${A_YEAR_S};samesite=lax`;
  }
  tellButtons();
}

function tellButtons() {
  for (const button of document.querySelectorAll("[aria-controls=sidebar]")) {
    button.setAttribute("aria-expanded", String(isOpen()));
  }
}

export function openSidebar() {
  if (!isOpen()) setOpen(true);
}

export function closeDrawer() {
  if (phone.matches && isOpen()) setOpen(false);
}

if (shell) {
  tellButtons();
  phone.addEventListener("change", () => {
    shell.classList.remove("is-drawer-open");
    document.getElementById("main").inert = false;
    tellButtons();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-sidebar]")) {
      setOpen(true);
      document.querySelector(".sidebar [data-close-sidebar]").focus();
    } else if (event.target.closest("[data-close-sidebar]")) {
      setOpen(false);
      document.querySelector("[data-open-sidebar]")?.focus();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !shell.classList.contains("is-drawer-open")) return;
    event.stopImmediatePropagation();
    setOpen(false);
    document.querySelector("[data-open-sidebar]")?.focus();
  });
}
