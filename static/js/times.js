// The server writes times in its own zone; whoever reads them lives in another.
const SECONDS = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const DAY = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" };
// A bare "en" would be read as American.
const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;

function localise(place) {
  for (const time of place.querySelectorAll("time[datetime]")) {
    const shape = time.dataset.time === "seconds" ? SECONDS : DAY;
    time.textContent = new Intl.DateTimeFormat(language, shape).format(new Date(time.dateTime));
  }
}

localise(document);
document.addEventListener("htmx:afterSettle", (event) => localise(event.detail.elt));
