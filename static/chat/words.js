// What the scripts say stands in the page, translated; %name% is a gap to fill.
const words = document.getElementById("words");

export function say(name, values = {}) {
  const text = words.querySelector(`[data-word="${name}"]`).textContent;
  return text.replace(/%(\w+)%/g, (_, gap) => values[gap]);
}
