// SPDX-License-Identifier: Apache-2.0
// Time by layer: forward, backward, update, transfer.
"use strict";

const layerView = {all: false};

function layerSums() {
  const layers = new Map();
  for (const kernel of data.kernels) {
    const name = layerName(kernel.layer);
    if (!layers.has(name)) layers.set(name, {name, total: 0, measured: false, phases: PHASES.map(() => 0)});
    const layer = layers.get(name);
    layer.phases[PHASES.indexOf(kernel.phase)] += kernel.total_seconds || 0;
    layer.total += kernel.total_seconds || 0;
    layer.measured = layer.measured || known(kernel.total_seconds);
  }
  return [...layers.values()].sort((a, b) => b.total - a.total);
}

function layerRow(layer, most) {
  const span = data.device_span_seconds;
  const parts = layer.phases.map((seconds, i) => [PHASES[i], seconds, colourOf(PHASES[i], layer.name, "")])
    .filter((part) => part[1] > 0);
  return el("tr", {}, el("td", {class: "name", text: layer.name}),
    el("td", {text: layer.measured ? secondsText(layer.total) : "–"}),
    el("td", {text: span > 0 && layer.measured ? percentText(layer.total / span) : "–"}),
    layer.phases.map((seconds) => el("td", {text: seconds > 0 ? secondsText(seconds) : "–"})),
    el("td", {class: "less wide"}, most > 0 ? stackBar(parts, most, layer.name, true) : null));
}

function drawLayers() {
  const layers = layerSums();
  if (layers.length === 0) {
    byId("layer-table").replaceChildren(note("No command ran within the profile."));
    return;
  }
  const most = layers[0].total;
  const mark = (i) => colourBy === "phase" ? [swatch(allGroups.phase.groups[i].colour), " "] : null;
  const head = (text, extra) => el("th", {scope: "col", class: extra, text});
  const [rows, more] = firstRows(layers.map((layer) => layerRow(layer, most)), layerView, drawLayers);
  byId("layer-table").replaceChildren(el("table", {},
    el("thead", {}, el("tr", {}, head("layer", "name"), head("total"), head("share"),
      PHASES.map((phase, i) => el("th", {scope: "col"}, mark(i), phase)), el("td", {class: "less wide"}))),
    el("tbody", {}, rows)), more || "");
  if (!layers.some((layer) => layer.measured)) {
    byId("layer-table").append(note("Not measured: the driver gives no times that can be true."));
  }
}

const startLayers = () => whenChanged(drawLayers);
