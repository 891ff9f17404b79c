// SPDX-License-Identifier: Apache-2.0
// Starts the parts; one that fails says so and leaves the others.
"use strict";

function remember(name, value) {
  try {
    if (value === undefined) return localStorage.getItem("quern-" + name);
    localStorage.setItem("quern-" + name, value);
  } catch {
    // Some browsers keep nothing for a local file: the choice lasts as long as the page.
  }
  return null;
}

function startTheme() {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const kept = remember("theme");
  if (kept === "light" || kept === "dark") root.dataset.theme = kept;
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark" ? "light" : "dark";
    remember("theme", root.dataset.theme);
    changed();
  });
  dark.addEventListener("change", changed);
}

function startColours() {
  const select = byId("colour-by");
  const kept = remember("colour-by");
  if (kept in allGroups) select.value = colourBy = kept;
  select.addEventListener("change", () => {
    colourBy = select.value;
    remember("colour-by", colourBy);
    changed();
  });
}

for (const start of [startTheme, startColours, startSummary, startKernels, startLayers, startRoofline, startTimeline, startMemory, startArena, startPlan]) {
  try {
    start();
  } catch (error) {
    byId("failure").hidden = false;
    byId("failure").textContent += `A part of this report could not be drawn (${start.name}: ${error.message}). `;
    console.error(error);
  }
}
