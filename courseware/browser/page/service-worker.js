"use strict";
const VERSION = "@VERSION@";
importScripts("service-worker-jupyterlite.js");
