// SPDX-License-Identifier: Apache-2.0
// One colour for one thing, everywhere on the page: by phase, layer or kernel, as the reader chose.
// The palette is Okabe and Ito's, which colour-blind readers tell apart.
"use strict";

const PALETTE = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442"];
const OTHERS = "#7d8794";
const PHASES = ["forward", "backward", "update", "transfer"];

let colourBy = "phase";

const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const gapColour = () => variable("--gap");

// Black or white, whichever is read more easily on the colour (WCAG's relative luminance).
function textOn(colour) {
  const part = (at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const light = 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
  return light > 0.179 ? "#000000" : "#ffffff";
}

// The group's name of each kernel under each way to colour.
const groupers = {
  phase: (kernel) => kernel.phase,
  layer: (kernel) => layerName(kernel.layer),
  kernel: (kernel) => kernel.name,
};

// Groups by their time; the first ones have colours of their own, the rest share one.
function makeGroups(way) {
  const total = new Map();
  for (const kernel of data.kernels) {
    const name = groupers[way](kernel);
    total.set(name, (total.get(name) || 0) + (kernel.total_seconds || 0));
  }
  let names = [...total.keys()].sort((a, b) => total.get(b) - total.get(a));
  if (way === "phase") names = PHASES;
  const own = names.length <= PALETTE.length ? names : names.slice(0, PALETTE.length - 1);
  const groups = own.map((name, i) => ({name, colour: PALETTE[i]}));
  if (own.length < names.length) groups.push({name: `${names.length - own.length} others`, colour: OTHERS});
  const index = new Map(names.map((name, i) => [name, Math.min(i, groups.length - 1)]));
  return {groups, index, of: data.kernels.map((kernel) => index.get(groupers[way](kernel)))};
}

const allGroups = Object.fromEntries(Object.keys(groupers).map((way) => [way, makeGroups(way)]));
const grouping = () => allGroups[colourBy];
const kernelColour = (index) => grouping().groups[grouping().of[index]].colour;

// The colour of a step or node of a plan. By kernel, its routine decides; what never ran is grey.
function colourOf(phase, layer, routine) {
  const name = {phase, layer: layerName(layer), kernel: routine}[colourBy];
  const at = grouping().index.get(name);
  return at === undefined ? OTHERS : grouping().groups[at].colour;
}

const swatch = (colour) => el("span", {class: "swatch", style: {background: colour}, "aria-hidden": "true"});

// Gradients depend on the loss, so they come after it; losses and metrics are no layer's. `labels`:
// the layers of nodes or steps in their order.
function phasesOf(layers) {
  let seenLoss = false;
  return layers.map((layer) => {
    if (layer === "optimizer") return "update";
    if (layer === "loss") seenLoss = true;
    else if (seenLoss && layer && layer !== "metrics") return "backward";
    return "forward";
  });
}
