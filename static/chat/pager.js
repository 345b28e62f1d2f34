// Whoever pages with the keyboard stays on the pager, though the thread is replaced as a whole.
let pressed = null;

document.addEventListener("htmx:beforeRequest", (event) => {
  const pager = event.target.closest("[data-pager]");
  if (!pager) return;
  pressed = {
    wanted: event.target.getAttribute("hx-post").match(/[0-9a-f-]{36}/)[0],
    pager: pager.dataset.pager,
    button: [...pager.querySelectorAll("button")].indexOf(event.target),
  };
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.elt.id !== "thread" || !pressed) return;
  const shown = document.getElementById(`turn-${pressed.wanted}`) ?? document.getElementById(`reply-${pressed.wanted}`);
  const turn = shown?.closest(".turn");
  const buttons = [...(turn?.querySelectorAll(`[data-pager="${pressed.pager}"] button`) ?? [])];
  const next = buttons[pressed.button]?.disabled ? buttons.find((button) => !button.disabled) : buttons[pressed.button];
  next?.focus({ preventScroll: true });
  pressed = null;
});
