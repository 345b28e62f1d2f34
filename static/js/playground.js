// An example goes into the prompt as if it had been typed.
const prompt = document.querySelector("#playground-form [name=prompt]");

document.addEventListener("click", (event) => {
  const example = event.target.closest("[data-example]");
  if (!example) return;
  prompt.value = example.textContent.trim();
  prompt.dispatchEvent(new Event("input", { bubbles: true }));
  prompt.focus();
});
