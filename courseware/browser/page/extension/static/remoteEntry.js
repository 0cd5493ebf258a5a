"use strict";
// What the course adds to JupyterLite, without a bundler: the container that JupyterLab's module federation expects is written by hand.
(() => {
  const here = document.currentScript.src;
  const root = new URL("../../../", here).href; // …/extensions/threads-course-tab/static/remoteEntry.js
  const FOLDER = ".threads";
  let shared = {};

  // ---- what JupyterLab shares ----------------------------------------------------------------------------------------------------------

  async function use(name) {
    const versions = shared[name];
    if (!versions) throw new Error("JupyterLab does not share " + name);
    return (await versions[Object.keys(versions)[0]].get())();
  }

  // ---- what the browser keeps ----------------------------------------------------------------------------------------------------------

  const KEY = "threads-course " + new URL(root).pathname;
  const remembered = () => {
    try {
      return JSON.parse(localStorage.getItem(KEY)) || {};
    } catch {
      return {};
    }
  };
  const remembers = action => {
    try {
      action();
      return true;
    } catch {
      return false;
    }
  };
  const remember = change => {
    return remembers(() => localStorage.setItem(KEY, JSON.stringify({ ...remembered(), ...change })));
  };

  // The paths of everything that was saved here. JupyterLite keeps them in this database; what was never saved comes from the site.
  function savedPaths() {
    return new Promise((resolve, reject) => {
      const opening = indexedDB.open("Threads course");
      opening.onerror = () => reject(opening.error);
      opening.onupgradeneeded = () => opening.transaction.abort();
      opening.onsuccess = () => {
        const database = opening.result;
        if (!database.objectStoreNames.contains("files")) {
          database.close();
          return resolve([]);
        }
        const asking = database.transaction("files").objectStore("files").getAllKeys();
        asking.onsuccess = () => { database.close(); resolve(asking.result.map(String)); };
        asking.onerror = () => { database.close(); reject(asking.error); };
      };
    });
  }
  const saved = () => savedPaths().catch(() => []);
  const isWork = path => /\.ipynb$/.test(path) && !path.startsWith(FOLDER);

  const today = () => new Date().toISOString().slice(0, 10);
  const stamp = () => new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-");
  const bytesOf = text => new TextEncoder().encode(text);
  const fromBase64 = text => Uint8Array.from(atob(text), one => one.charCodeAt(0));
  const toBase64 = bytes => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(text);
  };
  // What a person writes in a notebook: not its outputs, and not what JupyterLab notes about the kernel.
  const written = notebook => JSON.stringify(notebook.cells.map(cell => [cell.cell_type, [cell.source].flat().join("")]));
  const plural = (number, one, many) => number + " " + (number === 1 ? one : many);

  // ---- the plugin ----------------------------------------------------------------------------------------------------------------------

  async function activate(app) {
    const { showDialog, Dialog, Notification } = await use("@jupyterlab/apputils");
    const { Widget, Menu } = await use("@lumino/widgets");
    const { INotebookTracker } = await use("@jupyterlab/notebook");
    const { IMainMenu } = await use("@jupyterlab/mainmenu");
    const tracker = await app.resolveOptionalService(INotebookTracker);
    const mainMenu = await app.resolveOptionalService(IMainMenu);
    const contents = app.serviceManager.contents;
    const { PageConfig } = await use("@jupyterlab/coreutils");
    // JupyterLite throws away a service worker of which it has not noted the version, and with it what waits to be taken.
    remembers(() => localStorage.setItem(root + "service-worker.js?enableCache=false-version", PageConfig.getOption("appVersion")));
    const course = await (await fetch(root + "course.json")).json();

    // ---- files

    async function exists(path) {
      return contents.get(path, { content: false }).then(() => true, () => false);
    }
    async function makeFolders(path) {
      const parts = path.split("/").slice(0, -1);
      for (let count = 1; count <= parts.length; count++) {
        const folder = parts.slice(0, count).join("/");
        if (!(await exists(folder))) await contents.save(folder, { type: "directory", format: "json", content: null });
      }
    }
    async function readBytes(path) {
      const model = await contents.get(path, { content: true });
      if (model.type === "notebook" || model.format === "json") return bytesOf(JSON.stringify(model.content, null, 1) + "\n");
      return model.format === "base64" ? fromBase64(model.content) : bytesOf(model.content);
    }
    async function writeBytes(path, bytes) {
      await makeFolders(path);
      if (path.endsWith(".ipynb")) {
        await contents.save(path, { type: "notebook", format: "json", content: JSON.parse(new TextDecoder().decode(bytes)) });
      } else {
        await contents.save(path, { type: "file", format: "base64", content: toBase64(bytes) });
      }
      await showAgain(path);
    }
    async function showAgain(path) {
      const open = [];
      tracker?.forEach(panel => { if (panel.context.path === path) open.push(panel); });
      for (const panel of open) await panel.context.revert();
    }
    async function saveOpen() {
      const open = [];
      tracker?.forEach(panel => { if (panel.context.model.dirty) open.push(panel); });
      for (const panel of open) await panel.context.save();
    }
    // Mine stays beside the new one, under a name that says so.
    async function keepAside(path) {
      const aside = path.replace(/\.ipynb$/, "." + stamp() + ".old.ipynb");
      await contents.save(aside, { type: "notebook", format: "json", content: (await contents.get(path, { content: true })).content });
      return aside;
    }

    // ---- download, upload

    async function download() {
      await saveOpen();
      const paths = (await saved()).filter(path => !path.includes(".old.ipynb") && path !== FOLDER + "/stop");
      const fflate = await import(new URL("fflate.js", here).href);
      const files = {};
      for (const path of paths) {
        const model = await contents.get(path, { content: false }).catch(() => null);
        if (model && model.type !== "directory") files[path] = await readBytes(path);
      }
      const work = Object.keys(files).filter(isWork);
      if (!work.length) return Notification.info("There is nothing to download yet: you have not changed a notebook.", { autoClose: 5000 });
      files["course.json"] = bytesOf(JSON.stringify({ version: course.version, downloaded: new Date().toISOString() }, null, 1) + "\n");
      const zip = fflate.zipSync(files, { level: 6 });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([zip], { type: "application/zip" }));
      link.download = "threads-work-" + today() + ".zip";
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
      remember({ downloaded: Date.now() });
      Notification.success(link.download + " has " + plural(work.length, "notebook", "notebooks")
        + " of yours in it. Upload brings them back, here or on another computer.", { autoClose: 8000 });
    }

    async function upload(file) {
      const fflate = await import(new URL("fflate.js", here).href);
      let files;
      try {
        files = fflate.unzipSync(new Uint8Array(await file.arrayBuffer()));
      } catch {
        return Notification.error(file.name + " is not a zip file that can be read. Nothing was changed.", { autoClose: false });
      }
      const taken = Object.keys(files).filter(path => acceptable(path));
      if (!taken.some(isWork)) return Notification.error("There is no notebook in " + file.name + ". Nothing was changed.", { autoClose: false });
      for (const path of taken.filter(isWork)) {
        try {
          if (!Array.isArray(JSON.parse(new TextDecoder().decode(files[path])).cells)) throw new Error();
        } catch {
          return Notification.error(path + " in " + file.name + " is not a notebook. Nothing was changed.", { autoClose: false });
        }
      }
      await saveOpen();
      const mine = await saved();
      const replaced = [];
      for (const path of taken.filter(isWork)) if (mine.includes(path) && (await wouldLose(path, files[path]))) replaced.push(path);
      if (replaced.length) {
        const body = new Widget();
        body.node.append(paragraph(plural(replaced.length, "notebook", "notebooks") + " here would be replaced. What is here now is kept beside it:"),
          list(replaced));
        const asked = await showDialog({ title: "Upload " + file.name, body, buttons: [Dialog.cancelButton(), Dialog.okButton({ label: "Replace" })] });
        if (!asked.button.accept) return;
        for (const path of replaced) await keepAside(path);
      }
      for (const path of taken) await writeBytes(path, files[path]);
      await noteBases();
      const count = taken.filter(isWork).length;
      Notification.success(plural(count, "notebook is", "notebooks are") + " back.", { autoClose: 5000 });
    }
    // JupyterLab saves a notebook that was only opened too, with the kernel's metadata: nobody has written anything in that one.
    async function wouldLose(path, bytes) {
      const mine = written((await contents.get(path, { content: true })).content);
      if (mine === written(JSON.parse(new TextDecoder().decode(bytes)))) return false;
      const first = course.notebooks[path] ? await fresh(path).catch(() => null) : null;
      return !first || mine !== written(first);
    }
    // Whatever a zip file says: nothing outside of the course's folders, nothing that climbs out of them.
    function acceptable(path) {
      const parts = path.split("/");
      return !path.endsWith("/") && !parts.some(part => part === ".." || part === "." || part === "") && !/[\\:]/.test(path)
        && (["lessons", "exercises"].includes(parts[0]) || (parts[0] === FOLDER && ["progress.json", "service.msgpack"].includes(parts[1])));
    }
    function chooseUpload() {
      const input = document.createElement("input");
      input.type = "file";
      input.accept = ".zip,application/zip";
      input.id = "threads-upload";
      input.hidden = true;
      input.onchange = () => { if (input.files[0]) upload(input.files[0]); input.remove(); };
      document.getElementById("threads-upload")?.remove();
      document.body.append(input);
      input.click();
    }

    // ---- newer versions

    // Which version of a notebook a copy was made from: noted when the copy is first seen.
    async function noteBases() {
      const bases = { ...remembered().bases };
      const paths = await saved();
      for (const path of paths) if (course.notebooks[path] && !bases[path]) bases[path] = course.notebooks[path];
      for (const path of Object.keys(bases)) if (!paths.includes(path)) delete bases[path];
      remember({ bases, kept: paths.filter(isWork).length });
    }
    async function outdated(all) {
      const { bases = {}, declined = {} } = remembered();
      return (await saved()).filter(path => {
        const now = course.notebooks[path];
        return now && bases[path] && bases[path] !== now && (all || declined[path] !== now);
      });
    }
    async function fresh(path) {
      return (await fetch(root + "files/" + path.split("/").map(encodeURIComponent).join("/"))).json();
    }
    const answerOf = cell => cell.cell_type === "code" && cell.metadata?.nbgrader?.solution ? cell.metadata.nbgrader.grade_id : undefined;
    async function take(path, withAnswers) {
      const mine = (await contents.get(path, { content: true })).content;
      const theirs = await fresh(path);
      if (withAnswers) {
        const answers = new Map(mine.cells.filter(answerOf).map(cell => [answerOf(cell), cell.source]));
        for (const cell of theirs.cells) if (answers.has(answerOf(cell))) cell.source = answers.get(answerOf(cell));
      }
      const aside = await keepAside(path);
      await contents.save(path, { type: "notebook", format: "json", content: theirs });
      await showAgain(path);
      remember({ bases: { ...remembered().bases, [path]: course.notebooks[path] } });
      return aside;
    }
    async function offer(all) {
      await saveOpen();
      const paths = await outdated(all);
      if (!paths.length) return all && Notification.info("Every notebook that you have a copy of is the newest.", { autoClose: 5000 });
      const body = new Widget();
      body.node.classList.add("threads-newer");
      body.node.append(paragraph("There are newer versions of notebooks that you have changed. Those that you choose are taken; what you wrote in answer "
        + "cells goes into them, and your old copy is kept beside each."));
      for (const path of paths) {
        const label = document.createElement("label");
        const box = document.createElement("input");
        box.type = "checkbox";
        box.value = path;
        box.checked = true;
        label.append(box, " " + path);
        label.style.display = "block";
        body.node.append(label);
      }
      const asked = await showDialog({ title: "Newer versions", body, buttons: [Dialog.cancelButton({ label: "Later" }), Dialog.okButton({ label: "Take the chosen ones, keep mine of the others" })] });
      if (!asked.button.accept) return;
      const declined = { ...remembered().declined };
      let count = 0;
      for (const box of body.node.querySelectorAll("input")) {
        if (box.checked) {
          await take(box.value, true);
          count++;
        } else declined[box.value] = course.notebooks[box.value];
      }
      remember({ declined });
      if (count) Notification.success(plural(count, "notebook is", "notebooks are") + " the newest now.", { autoClose: 5000 });
    }
    async function lookForNewerSite() {
      const registration = await navigator.serviceWorker?.getRegistration(root).catch(() => undefined);
      if (!registration) return;
      const newest = await fetch(root + "course.json?fresh", { cache: "no-store" }).then(reply => reply.json()).catch(() => course);
      if (newest.version === course.version) return;
      Notification.info("There is a newer version of the course. Taking it loads this page again; what you have written stays as it is.", {
        autoClose: false,
        actions: [{ label: "Take it", callback: () => takeNewerSite(registration) }, { label: "Not now" }]
      });
    }
    async function takeNewerSite(registration) {
      await saveOpen();
      await registration.update().catch(() => {});
      let loads = false;
      const load = () => { if (!loads) { loads = true; location.reload(); } };
      navigator.serviceWorker.addEventListener("controllerchange", load, { once: true });
      // It takes over when it is installed and the old one has nothing to do; asked more than once, because it may be busy or asleep.
      for (let tries = 0; tries < 20 && !loads && (registration.waiting || registration.installing); tries++) {
        registration.waiting?.postMessage("take");
        await new Promise(done => setTimeout(done, 1000));
      }
      load();
    }

    // ---- begin again, stop

    async function beginAgain() {
      const path = tracker?.currentWidget?.context.path;
      if (!course.notebooks[path]) return Notification.info("Open a lesson or an exercise of the course first.", { autoClose: 5000 });
      const asked = await showDialog({ title: "Begin again?", body: path + " becomes as it was at first. What you have in it is kept beside it.",
        buttons: [Dialog.cancelButton(), Dialog.okButton({ label: "Begin again" })] });
      if (!asked.button.accept) return;
      await saveOpen();
      const aside = await take(path, false);
      Notification.success("What you had is in " + aside + ".", { autoClose: 8000 });
    }
    // The kernel looks for this file once a second while a cell runs; nothing else reaches it then.
    async function stop() {
      await makeFolders(FOLDER + "/stop");
      await contents.save(FOLDER + "/stop", { type: "file", format: "text", content: "" });
    }
    function interruptible(panel) {
      const patch = () => {
        const kernel = panel.sessionContext.session?.kernel;
        if (kernel) kernel.interrupt = stop;
      };
      panel.sessionContext.kernelChanged.connect(patch);
      panel.sessionContext.statusChanged.connect(patch);
      patch();
    }

    // ---- where it is shown

    const commands = {
      "threads:download": ["Download my work", download],
      "threads:upload": ["Upload my work…", chooseUpload],
      "threads:newer": ["Newer versions of my notebooks…", () => offer(true)],
      "threads:begin-again": ["Begin this notebook again…", beginAgain],
      "threads:stop": ["Stop the running cell", stop]
    };
    for (const [id, [label, execute]] of Object.entries(commands)) app.commands.addCommand(id, { label, execute });
    const menu = new Menu({ commands: app.commands });
    menu.title.label = "My work";
    menu.id = "threads-menu";
    for (const id of Object.keys(commands)) menu.addItem({ command: id });
    mainMenu?.addMenu(menu, true, { rank: 950 });
    const button = new Widget({ node: document.createElement("div") });
    button.id = "threads-download";
    const inner = document.createElement("button");
    inner.textContent = "Download my work";
    inner.className = "jp-Button jp-mod-styled jp-mod-accept";
    inner.title = "One zip with everything that you have written: to keep, to hand in, or to go on with on another computer";
    inner.onclick = download;
    button.node.append(inner);
    button.node.style.cssText = "display:flex;align-items:center;justify-content:flex-end;padding-right:8px";
    app.shell.add(button, "top", { rank: 1000 });

    // ---- a workshop

    // Whoever has joined a workshop at this very address tells it how the work goes. Without one, nothing is asked or sent.
    const room = (() => {
      try {
        return localStorage.getItem("threads-room");
      } catch {
        return null;
      }
    })();
    if (room) {
      import(new URL("room.js", here).href).then(it => it.join(new URL(room, location.origin).pathname, { app, tracker, contents, course, Notification, showDialog, Dialog, Widget }))
        .catch(error => console.error("threads-room", error));
    }

    // ---- what has to be said when the page opens

    tracker?.widgetAdded.connect((_, panel) => interruptible(panel));
    tracker?.forEach(interruptible);
    contents.fileChanged.connect((_, change) => { if (change.type === "save") noteBases(); });
    app.restored.then(() => opened()).catch(error => console.error("threads-course", error));

    async function opened() {
      const before = remembered();
      let works = true;
      const paths = (await savedPaths().catch(() => { works = false; return []; })).filter(isWork);
      if (!works || !remember({ visited: before.visited || Date.now() })) {
        Notification.warning("This window keeps nothing: what you write is gone when you close it. Use an ordinary window, or download your work before you go.", { autoClose: false });
      } else if (before.kept && !paths.length) {
        Notification.error("Your browser has cleared what you had written here (" + plural(before.kept, "notebook", "notebooks")
          + "). If you have downloaded your work, Upload brings it back.", { autoClose: false, actions: [{ label: "Upload", callback: chooseUpload }] });
        remember({ kept: 0, bases: {} });
      } else if (!before.visited) {
        Notification.info("What you write is kept in this browser, and only there. Download your work now and then; "
          + "Upload brings it back if it was cleared.", // JupyterLab cuts a notice off after 140 characters
          { autoClose: false, actions: [{ label: "Upload", callback: chooseUpload }] });
      } else if (paths.length && Date.now() - (before.downloaded || before.visited) > 7 * 86400e3) {
        Notification.info("You have not downloaded your work for a week. A browser may clear what it keeps.", { autoClose: 15000, actions: [{ label: "Download", callback: download }] });
      }
      navigator.storage?.persist?.().catch(() => {});
      await lookForNewerSite();
      const old = await outdated(false);
      if (old.length) {
        Notification.info("There is a newer version of " + plural(old.length, "notebook that you have changed.", "notebooks that you have changed."), {
          autoClose: false, actions: [{ label: "Show", callback: () => offer(false) }]
        });
      }
      await noteBases();
      setTimeout(fillCache, 15000);
    }
    // What the page loaded before the service worker was there is asked for once more: from the browser's own cache, as a rule.
    async function fillCache() {
      if (!navigator.serviceWorker?.controller) return;
      const names = performance.getEntriesByType("resource").map(entry => entry.name.split("?")[0]).filter(name => name.startsWith(root) && !name.includes("/api/drive"));
      for (const name of new Set([root, root + "lab/index.html", ...names])) await fetch(name).catch(() => {});
    }
    function paragraph(text) {
      const node = document.createElement("p");
      node.textContent = text;
      return node;
    }
    function list(texts) {
      const node = document.createElement("ul");
      for (const text of texts) node.append(Object.assign(document.createElement("li"), { textContent: text }));
      return node;
    }
  }

  const plugin = { id: "threads-course-tab:plugin", autoStart: true, requires: [], activate };
  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["threads-course-tab"] = {
    init: async scope => { shared = scope; },
    get: async () => () => ({ __esModule: true, default: [plugin] })
  };
})();
