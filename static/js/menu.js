// Popovers with the class "menu": arrow keys walk their items, a chosen item closes them.

const openers = new WeakMap();

function openerOf(menu, event) {
  const opener = event.source ?? document.querySelector(`[popovertarget="${menu.id}"]`);
  if (opener) openers.set(menu, opener);
  return openers.get(menu);
}

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!(menu instanceof HTMLElement) || !menu.matches(".menu[popover]")) return;
    openerOf(menu, event)?.setAttribute("aria-expanded", String(event.newState === "open"));
    const isEntered = menu.contains(document.activeElement);
    if (event.newState === "open" && !isEntered) menu.querySelector(".menu-item")?.focus();
  },
  true,
);

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu[popover]");
  if (!menu || !event.target.matches(".menu-item")) return;
  const items = [...menu.querySelectorAll(".menu-item")];
  const here = items.indexOf(event.target);
  const next = {
    ArrowDown: items[(here + 1) % items.length],
    ArrowUp: items.at(here - 1),
    Home: items[0],
    End: items.at(-1),
  }[event.key];
  if (!next) return;
  event.preventDefault();
  next.focus();
});

document.addEventListener("click", (event) => {
  const item = event.target.closest(".menu-item");
  if (item?.matches("button[type=button]")) item.closest("[popover]")?.hidePopover();
});
