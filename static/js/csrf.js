function token() {
  return document.querySelector('meta[name="csrf-token"]').content;
}

/** POST a form's fields to our own server; resolves to the response if it is a good one. */
export async function post(url, fields = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "X-CSRFToken": token(), "HX-Request": "true" },
    body: new URLSearchParams(fields),
  });
  if (!response.ok) throw new Error(`${response.status} from ${url}`);
  return response;
}

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token();
});
