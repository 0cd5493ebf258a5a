"use strict";
// Keeps the teacher's pages as they are on the server: parts come as HTML from there, and only those that changed are put in.
(() => {
  const main = document.querySelector("[data-stream]");
  const line = document.getElementById("line");
  const said = document.getElementById("said");

  function put(place, html) {
    if (place.dataset.html === html) return;
    const first = place.dataset.html === undefined;
    place.dataset.html = html;
    const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    const open = [...place.querySelectorAll("details[open]")].map(one => one.dataset.key);
    if (first && place.dataset.part !== "chart" && !html.trim()) return;
    place.innerHTML = html;
    for (const one of place.querySelectorAll("details")) if (open.includes(one.dataset.key)) one.open = true;
    if (focused !== undefined) {
      const again = [...place.querySelectorAll("[data-key]")].find(one => one.dataset.key === focused);
      (again || place.querySelector("button, summary") || heading(place)).focus();
    }
  }
  function heading(place) {
    const found = place.querySelector("h2") || place;
    found.tabIndex = -1;
    return found;
  }

  let waits = 1000;
  function listen() {
    const stream = new EventSource(main.dataset.stream);
    stream.onmessage = event => {
      waits = 1000;
      line.textContent = "";
      const parts = JSON.parse(event.data);
      for (const place of document.querySelectorAll("[data-part]")) if (place.dataset.part in parts) put(place, parts[place.dataset.part]);
      for (const one of document.querySelectorAll("[data-unless]")) one.hidden = !!parts[one.dataset.unless].trim();
      for (const one of document.querySelectorAll("[data-with]")) one.hidden = !parts[one.dataset.with].trim();
    };
    stream.onerror = () => {
      line.textContent = "The workshop’s server does not answer. This page tries again by itself.";
      if (stream.readyState !== EventSource.CLOSED) return;
      waits = Math.min(waits * 2, 15000);
      setTimeout(listen, waits);
    };
  }
  listen();

  document.addEventListener("click", async event => {
    const button = event.target.closest("[data-act]");
    if (!button || (button.dataset.sure && !confirm(button.dataset.sure))) return;
    const act = { do: button.dataset.act, participant: Number(button.dataset.participant || 0), question: button.dataset.question || "" };
    try {
      const reply = await fetch("/teacher/act", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(act) });
      const told = await reply.json();
      if (said) said.textContent = told.said || told.error;
    } catch {
      if (said) said.textContent = "That did not reach the workshop’s server. Try again.";
    }
  });
})();
