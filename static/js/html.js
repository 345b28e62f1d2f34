/** The first element of HTML that our own server has rendered. Scripts in it would not run. */
export function elementFrom(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}
