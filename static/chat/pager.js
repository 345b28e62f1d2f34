// Whoever pages with the keyboard stays on the pager, though the thread is replaced as a whole.
let pressed = null;

document.addEventListener("htmx:beforeRequest", (event) => {
  const pager = event.target.closest("[data-pager]");
  if (!pager) return;
  const turns = [...document.querySelectorAll("#thread .turn")];
  pressed = {
    turn: turns.indexOf(pager.closest(".turn")),
    pager: pager.dataset.pager,
    button: [...pager.querySelectorAll("button")].indexOf(event.target),
  };
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.elt.id !== "thread" || !pressed) return;
  const turn = event.detail.elt.querySelectorAll(".turn")[pressed.turn];
  const buttons = [...(turn?.querySelectorAll(`[data-pager="${pressed.pager}"] button`) ?? [])];
  const next = buttons[pressed.button]?.disabled ? buttons.find((button) => !button.disabled) : buttons[pressed.button];
  next?.focus({ preventScroll: true });
  pressed = null;
});
