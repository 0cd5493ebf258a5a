"use strict";
(() => {
  // In a function, because JupyterLite's part has names of its own at the top level.
  // One version of the site at a time, from this browser's cache: quick at the second visit, there without a network, and never a mixture of
  // two versions. A newer version waits until the page says "take"; then the page loads again, all of it new.
  const VERSION = "@VERSION@";
  const CACHE = "threads-course " + new URL(self.registration.scope).pathname + " " + VERSION;

  const takeOver = self.skipWaiting.bind(self);
  self.skipWaiting = () => Promise.resolve(); // JupyterLite's part would take over at once

  function isOurs(request) {
    const address = new URL(request.url);
    return request.method === "GET" && address.href.startsWith(self.registration.scope) && !address.searchParams.has("fresh")
      && !/\/api\/(drive|stdin|service-worker-heartbeat)/.test(address.pathname);
  }

  async function fromCache(request) {
    const cache = await caches.open(CACHE);
    const kept = await cache.match(request, { ignoreSearch: true, ignoreVary: true });
    if (kept) return kept;
    // Asked of the server even if the browser has a copy: that could be of an older version.
    const reply = await fetch(request.url, { cache: "no-cache", credentials: "same-origin", redirect: request.redirect });
    if (reply.ok && reply.status === 200) {
      const bare = new URL(request.url);
      bare.search = "";
      cache.put(bare.href, reply.clone()).catch(() => {}); // no room: then without
    }
    return reply;
  }

  async function forgetOthers() {
    const mine = "threads-course " + new URL(self.registration.scope).pathname + " ";
    for (const name of await caches.keys()) if (name.startsWith(mine) && name !== CACHE) await caches.delete(name);
  }

  self.addEventListener("fetch", event => {
    if (!isOurs(event.request)) return;
    event.stopImmediatePropagation();
    event.respondWith(fromCache(event.request));
  });
  // The list of versions belongs to this version, whenever the page asks for it.
  async function keepCourse() {
    const address = new URL("course.json", self.registration.scope).href;
    const reply = await fetch(address, { cache: "no-cache" });
    if (reply.ok) await (await caches.open(CACHE)).put(address, reply);
  }

  self.addEventListener("install", event => event.waitUntil(keepCourse().catch(() => {})));
  self.addEventListener("activate", event => event.waitUntil(forgetOthers()));
  self.addEventListener("message", event => {
    if (event.data === "take") takeOver();
  });
})();
importScripts("service-worker-jupyterlite.js");
