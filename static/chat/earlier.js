// Earlier turns come above what is read, which stays where it is.
import { dress } from "./prose.js";

const scroll = document.querySelector("[data-scroll]");
let fromEnd = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.shouldSwap && event.detail.target.matches(".thread-earlier")) fromEnd = scroll.scrollHeight - scroll.scrollTop;
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.elt.matches("#thread > .turn")) dress(event.detail.elt);
  if (fromEnd === null) return;
  scroll.scrollTop = scroll.scrollHeight - fromEnd;
  fromEnd = null;
  (document.querySelector(".thread-earlier button") ?? scroll).focus({ preventScroll: true });
});
