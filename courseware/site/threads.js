// Tables that are wider than the page scroll by themselves; so that this works without a mouse, they can have the focus.
"use strict";
(() => {
  const reachable = () => {
    for (const table of document.querySelectorAll("article table")) {
      if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
      else table.removeAttribute("tabindex");
    }
  };
  addEventListener("load", reachable);
  addEventListener("resize", reachable);
})();
