// What is wider than the window: the tab of this page is in sight, and the keyboard reaches a table's end.
for (const tab of document.querySelectorAll('.tabs [aria-current="page"]')) {
  tab.scrollIntoView({ block: "nearest", inline: "center" });
}

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const table of document.querySelectorAll(".table-scroll")) sizes.observe(table);
