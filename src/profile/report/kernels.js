// SPDX-License-Identifier: Apache-2.0
// The table of kernels: sorted by any column, filtered, grouped by layer; a row opens to all that is
// known of it and marks its kernel in the other parts of the page.
"use strict";

const COLUMNS = [
  {name: "op", key: (k) => opName(k), class: "name"},
  {name: "kernel", key: (k) => k.name, show: (k) => breakable(k.name), class: "code less"},
  {name: "phase", key: (k) => PHASES.indexOf(k.phase), show: (k) => k.phase, class: "word less"},
  {name: "calls", key: (k) => k.calls, show: (k) => countText(k.calls), class: "less"},
  {name: "total", key: (k) => k.total_seconds, show: (k) => shortTime(k.total_seconds)},
  {name: "share", key: (k) => k.share, show: (k, i) => meter(k.share, percentText(k.share), kernelColour(i))},
  {name: "mean", key: (k) => k.mean_seconds, show: (k) => shortTime(k.mean_seconds)},
  {name: "min", key: (k) => k.min_seconds, show: (k) => shortTime(k.min_seconds), class: "less"},
  {name: "max", key: (k) => k.max_seconds, show: (k) => shortTime(k.max_seconds), class: "less"},
  {name: "GFLOP/s", key: (k) => k.gflops, show: (k) => rateText(k.gflops), class: "less"},
  {name: "GB/s", key: (k) => k.gbytes_per_second, show: (k) => rateText(k.gbytes_per_second), class: "less"},
  {name: "of roofline", key: (k) => k.roofline_share, class: "less",
    show: (k) => meter(k.roofline_share, percentText(k.roofline_share), variable("--soft"))},
];

const kernelView = {column: 4, down: true, grouped: false, filter: "", all: false};

const shortTime = (seconds) => known(seconds) ? secondsText(seconds) : "–";

function meter(share, text, colour) {
  if (!known(share)) return "–";
  return el("span", {class: "meter", text}, el("i", {style: {width: 100 * Math.min(1, share) + "%", background: colour}}));
}

/* ---- order ---- */

function compare(a, b, column) {
  const [x, y] = [column.key(data.kernels[a]), column.key(data.kernels[b])];
  if (!known(x) || !known(y)) return known(x) ? -1 : known(y) ? 1 : a - b;
  const order = typeof x === "string" ? x.localeCompare(y) : x - y;
  return (kernelView.down ? -order : order) || a - b;
}

function shownKernels() {
  const wanted = kernelView.filter.toLowerCase();
  return data.kernels.map((_, i) => i)
    .filter((i) => `${opName(data.kernels[i])} ${data.kernels[i].name} ${data.kernels[i].phase}`.toLowerCase().includes(wanted))
    .sort((a, b) => compare(a, b, COLUMNS[kernelView.column]));
}

function sortBy(column) {
  const text = typeof COLUMNS[column].key(data.kernels[0] || {op: "", name: ""}) === "string";
  kernelView.down = kernelView.column === column ? !kernelView.down : !text;
  kernelView.column = column;
  drawKernels();
  byId("kernel-table").querySelectorAll("th button")[column].focus();
}

/* ---- rows ---- */

function pairs(list) {
  return el("dl", {class: "pairs"}, list.map(([name, text]) => el("div", {}, el("dt", {text: name}), el("dd", {text}))));
}

function boundText(kernel) {
  if (!known(kernel.roofline_share)) return "–";
  return percentText(kernel.roofline_share) + (kernel.bound ? `, bound by ${kernel.bound}` : "");
}

function kernelFacts(kernel) {
  const list = [
    ["kernel", kernel.name], ["phase", kernel.phase], ["queue", kernel.queue],
    ["calls", countText(kernel.calls) + (kernel.measured_calls < kernel.calls ? ` (${countText(kernel.measured_calls)} measured)` : "")],
    ["total", secondsText(kernel.total_seconds)],
    ["min, mean, max", [kernel.min_seconds, kernel.mean_seconds, kernel.max_seconds].map(shortTime).join(", ")],
    ["arithmetic of a call", kernel.flops > 0 ? withUnit(kernel.flops, 1000, ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"]) : "–"],
    ["memory traffic of a call", kernel.bytes > 0 ? bytesText(Math.round(kernel.bytes)) : "–"],
    ["rates", `${rateText(kernel.gflops)} GFLOP/s, ${rateText(kernel.gbytes_per_second)} GB/s`],
    ["of the roofline", boundText(kernel)],
    ["global size", sizesText(kernel.global)], ["local size", sizesText(kernel.local)],
  ];
  if (kernel.product) list.push(["matrix product by", kernel.product]);
  return list;
}

function detailRow(index) {
  return el("tr", {class: "detail"}, el("td", {colspan: COLUMNS.length}, pairs(kernelFacts(data.kernels[index])),
    hasCommandsOf(index) ? el("button", {type: "button", text: "Longest call in the timeline",
      onclick: () => showLongest(index)}) : null));
}

function nameCell(index) {
  const kernel = data.kernels[index];
  const open = selectedKernel === index;
  const button = el("button", {type: "button", class: "expand", "aria-expanded": String(open),
    "aria-label": `${open ? "Close" : "Open"} ${opName(kernel)}, ${kernel.name}`, text: open ? "▾ " : "▸ "}, swatch(kernelColour(index)));
  return el("td", {class: "name"}, el("div", {class: "cell"}, button, el("span", {}, breakable(opName(kernel)))));
}

function kernelRow(index) {
  const kernel = data.kernels[index];
  const open = selectedKernel === index;
  const cells = COLUMNS.map((column, i) => i === 0 ? nameCell(index)
    : el("td", {class: column.class}, (column.show || column.key)(kernel, index)));
  const row = el("tr", {class: open ? "row selected" : "row", "data-kernel": index, onclick: () => selectKernel(index)}, cells);
  return open ? [row, detailRow(index)] : [row];
}

function groupRows(indices) {
  const layers = new Map();
  for (const i of indices) {
    const name = layerName(data.kernels[i].layer);
    layers.set(name, [...(layers.get(name) || []), i]);
  }
  const sum = (list, key) => list.reduce((all, i) => all + (data.kernels[i][key] || 0), 0);
  const sorted = [...layers].sort((a, b) => sum(b[1], "total_seconds") - sum(a[1], "total_seconds"));
  const measured = (list) => list.some((i) => known(data.kernels[i].total_seconds));
  return sorted.map(([name, list]) => [
    el("tr", {class: "group"}, COLUMNS.map((column) => el("td", {class: column.class}, column.name === "op" ? name
      : column.name === "total" && measured(list) ? secondsText(sum(list, "total_seconds"))
        : column.name === "share" && measured(list) ? percentText(sum(list, "share")) : ""))),
    ...list.flatMap(kernelRow),
  ]).flat();
}

function headCell(column, i) {
  const sorted = kernelView.column === i;
  return el("th", {scope: "col", class: column.class, "aria-sort": sorted ? (kernelView.down ? "descending" : "ascending") : null},
    el("button", {type: "button", onclick: () => sortBy(i), text: column.name + (sorted ? (kernelView.down ? " ▾" : " ▴") : "")}));
}

function drawKernels() {
  const box = byId("kernel-table");
  const focused = box.contains(document.activeElement) && document.activeElement.closest("tr[data-kernel]");
  if (data.kernels.length === 0) {
    box.replaceChildren(note("No command ran within the profile."));
    return;
  }
  const indices = shownKernels();
  const [rows, more] = firstRows(kernelView.grouped ? groupRows(indices) : indices.flatMap(kernelRow), kernelView, drawKernels);
  box.replaceChildren(el("table", {}, el("thead", {}, el("tr", {}, COLUMNS.map(headCell))), el("tbody", {}, rows)), more || "");
  if (indices.length === 0) box.append(note("No kernel has that in its name."));
  if (focused) box.querySelector(`tr[data-kernel="${focused.dataset.kernel}"] button`)?.focus();
}

function startKernels() {
  const filter = el("input", {type: "search", placeholder: "Filter", "aria-label": "Show kernels whose name has",
    oninput: () => { kernelView.filter = filter.value; drawKernels(); }});
  const grouped = el("input", {type: "checkbox", onchange: () => { kernelView.grouped = grouped.checked; drawKernels(); }});
  byId("kernel-controls").append(el("label", {}, grouped, "group by layer"), filter);
  whenChanged(drawKernels);
}
