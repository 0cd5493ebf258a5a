// Tables that are wider than the page scroll by themselves; so that this works without a mouse, they can have the focus.
"use strict";
(() => {
  const reach = (table) => {
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
    else table.removeAttribute("tabindex");
  };
  // Observed, since the window, fonts, the theme and a text size of the reader's own all change widths, before and after the load.
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) reach(target.closest("table"));
  });
  for (const table of document.querySelectorAll("article table")) {
    observer.observe(table);
    for (const part of table.children) observer.observe(part); // what is in it grows while the table keeps its width
  }
})();
