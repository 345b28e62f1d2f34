const TIME_TO_READ_MS = 6000;
const TIME_TO_UNDO_MS = 10000;

const region = document.getElementById("toasts");

/** Say something in the corner. An action ({label, run}) makes it stay longer. */
export function toast(text, action = null) {
  const element = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  element.querySelector(".toast-text").textContent = text;
  const button = element.querySelector("[data-toast-action]");
  button.hidden = action === null;
  if (action) {
    button.textContent = action.label;
    button.addEventListener("click", () => {
      element.remove();
      action.run();
    });
  }
  region.append(element);
  leaveLater(element, action ? TIME_TO_UNDO_MS : TIME_TO_READ_MS);
}

// Who is reading it, or has the focus in it, is not hurried.
function leaveLater(element, milliseconds) {
  setTimeout(() => {
    if (element.matches(":hover, :focus-within")) leaveLater(element, milliseconds);
    else element.remove();
  }, milliseconds);
}

region?.addEventListener("click", (event) => {
  event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove();
});

for (const element of document.querySelectorAll("[data-toast]:not(.toast-error)")) {
  leaveLater(element, TIME_TO_READ_MS);
}

for (const failure of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(failure, () => toast(region.dataset.failed));
}
