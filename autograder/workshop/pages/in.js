"use strict";
// The course's page looks for this mark, and tells the workshop how the work goes. Without it, it asks and sends nothing.
try {
  localStorage.setItem("threads-room", "/room/");
} catch { /* this window keeps nothing: the course works all the same, without the workshop */ }
setTimeout(() => location.replace("/course/"), 600);
