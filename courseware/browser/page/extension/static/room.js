// The tab's side of a workshop: it says where its learner is, and hands in. Loaded only by those who have joined one.
// Everything goes to the address that the page came from, with the key that the browser keeps for it.

const CHANNEL = "threads-course"; // courseware/announcing.py
const KEPT = "threads-room unsent";
const HANDED_IN = "threads-room hand-ins";
const MOST_KEPT = 200;

export async function join(root, { app, tracker, contents, course, Notification, showDialog, Dialog, Widget }) {
  const ask = (path, options = {}) => fetch(root + path, { credentials: "same-origin", cache: "no-store", ...options });
  const first = await ask("me").catch(() => null);
  if (first && [401, 404].includes(first.status)) return; // no workshop here any more, or not for this browser
  let me = first?.ok ? await first.json() : { name: "", hand: false, hand_ins: [] };

  // ---- what is sent: in the order in which it happened, and kept while the network is away

  let unsent = [];
  try {
    unsent = JSON.parse(localStorage.getItem(KEPT)) || [];
  } catch { /* nothing was kept */ }
  const keep = () => { try { localStorage.setItem(KEPT, JSON.stringify(unsent)); } catch { /* then it is in memory only */ } };
  let sending = false, again = 0;
  async function send() {
    if (sending || !unsent.length) return;
    sending = true;
    const batch = unsent.slice(0, 40);
    let reply = null;
    try {
      reply = await ask("events", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(batch) });
    } catch { /* the network is away */ }
    sending = false;
    if (reply && (reply.ok || [400, 413, 422].includes(reply.status))) {
      unsent = unsent.slice(batch.length);
      keep();
      again = 0;
      if (unsent.length) setTimeout(send, 300);
    } else if (reply?.status !== 401) {
      again = Math.min(again + 1, 6);
      setTimeout(send, 500 * 2 ** again * (0.5 + Math.random()));
    }
  }
  function say(message) {
    unsent = [...unsent, message].slice(-MOST_KEPT);
    keep();
    setTimeout(send, 50);
  }

  new BroadcastChannel(CHANNEL).onmessage = event => {
    try {
      say(JSON.parse(event.data));
    } catch { /* not for us */ }
  };

  let path = "";
  const moved = () => {
    const now = tracker?.currentWidget?.context.path;
    if (now && now !== path && course.notebooks[now]) {
      path = now;
      say({ kind: "opened", path });
    }
    draw();
  };
  let active = 0;
  const noticed = () => {
    if (Date.now() - active > 60000) {
      active = Date.now();
      say({ kind: "here" });
    }
  };
  for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, noticed, { capture: true, passive: true });

  // ---- handing in

  const exercise = () => /^exercises\/([a-z0-9-]+)\/\1\.ipynb$/.exec(tracker?.currentWidget?.context.path ?? "")?.[1];
  let busy = false;
  // What was handed in while the workshop could not be reached: as it was then, by exercise. It is sent when the workshop answers.
  let waiting = {};
  try {
    waiting = JSON.parse(localStorage.getItem(HANDED_IN)) || {};
  } catch { /* nothing waits */ }
  const keepWaiting = () => { try { localStorage.setItem(HANDED_IN, JSON.stringify(waiting)); } catch { /* then it is in memory only */ } };
  // True when the workshop has taken it, false when it cannot now. Throws when it does not want it.
  async function give(slug, text) {
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: text };
    const reply = await ask("hand-in/" + slug, options).catch(() => null);
    if (!reply || reply.status >= 500) return false;
    if (!reply.ok) throw new Error((await reply.json().catch(() => ({}))).error || "The workshop answered " + reply.status + ".");
    Notification.info(slug + " is handed in. What it earns appears here.", { autoClose: 4000 });
    return true;
  }
  async function handIn() {
    const slug = exercise(), panel = tracker?.currentWidget;
    if (!slug) return Notification.info("Open the exercise that you want to hand in first.", { autoClose: 5000 });
    if (busy) return;
    busy = true;
    draw();
    try {
      await panel.context.save();
      const text = JSON.stringify((await contents.get(panel.context.path, { content: true })).content);
      delete waiting[slug];
      if (!(await give(slug, text))) {
        waiting[slug] = text;
        Notification.info("The workshop cannot be reached. " + slug + " is kept in this browser, and handed in when it can.", { autoClose: false });
      }
      keepWaiting();
    } catch (error) {
      Notification.error(error.message, { autoClose: false });
    }
    busy = false;
    draw();
  }
  async function handInWaiting() {
    if (busy || !Object.keys(waiting).length) return;
    busy = true;
    for (const [slug, text] of Object.entries(waiting)) {
      try {
        if (!(await give(slug, text))) break;
      } catch (error) {
        Notification.error(slug + ": " + error.message, { autoClose: false });
      }
      delete waiting[slug];
    }
    keepWaiting();
    busy = false;
    draw();
  }

  // ---- what comes back

  const seen = new Map(me.hand_ins.map(one => [one.exercise, one.number + one.state]));
  function took(now) {
    me = now;
    for (const one of me.hand_ins) {
      if (one.state !== "waiting" && seen.get(one.exercise) !== one.number + one.state) {
        const text = one.state === "graded" ? one.exercise + ": " + one.score + " of " + one.of + " points." : one.exercise + " was not graded. " + one.text;
        Notification.emit(text, one.state === "graded" ? (one.score >= one.of ? "success" : "info") : "error",
          { autoClose: false, actions: one.state === "graded" ? [{ label: "Line by line", callback: () => show(one) }] : [] });
      }
      seen.set(one.exercise, one.number + one.state);
    }
    draw();
  }
  function show(one) {
    const body = new Widget();
    const text = document.createElement("pre");
    text.textContent = one.text;
    text.tabIndex = 0;
    text.style.cssText = "white-space:pre-wrap;max-width:75ch;margin:0";
    body.node.append(text);
    return showDialog({ title: one.exercise + ": " + one.score + " of " + one.of + " points", body, buttons: [Dialog.okButton({ label: "Close" })] });
  }
  let stream, waits = 1000;
  function listen() {
    stream = new EventSource(root + "stream");
    stream.onmessage = event => { waits = 1000; took(JSON.parse(event.data)); send(); handInWaiting(); };
    stream.onerror = () => {
      if (stream.readyState !== EventSource.CLOSED) return; // it tries again by itself
      waits = Math.min(waits * 2, 30000);
      setTimeout(listen, waits * (0.5 + Math.random()));
    };
  }

  // ---- where it is shown

  const bar = document.createElement("div");
  bar.id = "threads-room";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "Workshop");
  bar.style.cssText = "display:flex;align-items:center;gap:8px;padding-right:8px;white-space:nowrap";
  const name = document.createElement("span");
  name.style.cssText = "max-width:16ch;overflow:hidden;text-overflow:ellipsis";
  const hand = button("Raise hand", "Your teacher sees that you would like help", () => {
    me = { ...me, hand: !me.hand };
    say({ kind: "hand", up: me.hand });
    draw();
  });
  const giving = button("Hand in", "The exercise in front of you goes to your teacher and is graded", handIn);
  bar.append(name, hand, giving);
  const widget = new Widget({ node: bar });
  widget.id = "threads-room";
  app.shell.add(widget, "top", { rank: 990 });
  app.commands.addCommand("threads:hand-in", { label: "Hand in this exercise", execute: handIn });

  function button(label, title, act) {
    const made = document.createElement("button");
    made.className = "jp-Button jp-mod-styled";
    made.textContent = label;
    made.title = title;
    made.onclick = act;
    return made;
  }
  function draw() {
    name.textContent = me.name;
    name.title = "You are in the workshop as " + me.name;
    hand.textContent = me.hand ? "Hand is up" : "Raise hand";
    hand.setAttribute("aria-pressed", String(me.hand));
    hand.classList.toggle("jp-mod-accept", me.hand);
    const slug = exercise(), last = me.hand_ins.find(one => one.exercise === slug);
    giving.textContent = busy ? "Handing in …" : slug in waiting ? "Waits for the workshop …" : last?.state === "waiting" ? "Being graded …" : last?.state === "graded" ? "Hand in again (" + last.score + "/" + last.of + ")" : "Hand in";
    giving.disabled = !slug || busy;
    giving.classList.toggle("jp-mod-accept", !!slug);
  }

  tracker?.currentChanged.connect(moved);
  tracker?.widgetAdded.connect((_, panel) => panel.context.ready.then(moved));
  moved();
  // JupyterLab fetches the code of its messages with the first one: not when the workshop has gone, and there is something to say.
  if (me.name) Notification.info("You are in the workshop as " + me.name + ".", { autoClose: 4000 });
  listen();
  send();
}
