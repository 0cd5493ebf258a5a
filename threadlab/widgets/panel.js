// Shows the HTML that Python makes, and tells Python what the reader does with it. All that a widget knows is in Python.

const moving = new WeakMap(); // sliders that are being moved, with the timers that end it: nobody else sets them meanwhile

const QUIET = "data-lm-suppress-shortcuts";

const kept = (node) => node.nodeType === 1 && node.localName === "details";

function morph(parent, fresh) {
  // Change what differs and nothing else: what has the focus keeps it, what was folded out stays so.
  const old = [...parent.childNodes];
  const next = [...fresh.childNodes];
  next.forEach((node, index) => {
    const before = old[index];
    if (!before) parent.append(node);
    else if (!alike(before, node)) before.replaceWith(node);
    else if (node.nodeType !== 1) {
      if (before.data !== node.data) before.data = node.data;
    } else {
      attributes(before, node);
      if (before.outerHTML !== node.outerHTML) morph(before, node);
    }
  });
  old.slice(next.length).forEach((node) => node.remove());
}

function alike(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.nodeType !== 1 || a.getAttribute("data-key") === b.getAttribute("data-key"));
}

function attributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== QUIET && !(name === "open" && kept(old))) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !(name === "open" && kept(old))) old.setAttribute(name, value);
  }
  if (old.localName === "input") {
    if (["radio", "checkbox"].includes(old.type)) old.checked = fresh.hasAttribute("checked");
    else if (old.value !== fresh.getAttribute("value") && !moving.has(old)) old.value = fresh.getAttribute("value") ?? "";
  } else if (old.localName === "option") old.selected = fresh.hasAttribute("selected");
}

function foldStatic(name) {
  // The static form under a widget is for pages where the widget is not alive. Here it is: hide it.
  for (const one of document.querySelectorAll(`details.threadlab-static-${name}:not([data-folded])`)) {
    one.dataset.folded = "yes";
    one.hidden = true;
  }
}

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "threadlab-w";
  // The notebook's own keys (arrows, Enter, j, k …) rest while the focus is in here. JupyterLab looks at what has the focus first, so the
  // mark must be on that itself: on an element around it, it comes too late.
  root.addEventListener("focusin", (event) => event.target.setAttribute(QUIET, "true"));
  el.append(root);

  const draw = () => {
    const template = document.createElement("template");
    template.innerHTML = model.get("html");
    morph(root, template.content);
  };
  model.on("change:html", draw);
  draw();
  const folding = [0, 100, 500, 2000].map((wait) => setTimeout(foldStatic, wait, model.get("name")));

  const say = (from, value, key = from.dataset.value ?? "") => model.send({ act: from.dataset.act, key, value });
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-act]");
    if (button && button.getAttribute("aria-disabled") !== "true") say(button, button.dataset.value ?? "", "");
  });
  root.addEventListener("change", (event) => {
    const from = event.target;
    if (!from.dataset.act || from.type === "range") return;
    say(from, from.type === "checkbox" ? from.checked : from.value);
  });
  root.addEventListener("input", (event) => {
    // A slider that is dragged says where it is when it rests for a moment; answers to what it said before do not pull it back.
    const from = event.target;
    if (from.type !== "range" || !from.dataset.act) return;
    (moving.get(from) ?? []).forEach(clearTimeout);
    moving.set(from, [
      setTimeout(() => say(from, from.value), 50),
      setTimeout(() => {
        moving.delete(from);
        draw();
      }, 600),
    ]);
  });
  return () => {
    folding.forEach(clearTimeout);
    model.off("change:html", draw);
  };
}

export default { render };
