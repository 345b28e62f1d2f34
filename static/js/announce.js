const KEPT_MS = 20000;

/** Say something to a screen reader, in its turn, without moving the focus. */
export function announce(text) {
  const words = text.trim();
  if (!words) return;
  const line = document.createElement("p");
  line.textContent = words;
  document.getElementById("announcer").append(line);
  setTimeout(() => line.remove(), KEPT_MS);
}
