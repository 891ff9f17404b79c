// SPDX-License-Identifier: Apache-2.0
// The roofline (Williams, Waterman & Patterson 2009): attainable GFLOP/s over FLOP per byte, kernels
// as points whose areas are their shares of the time.
"use strict";

const SAME_LEVEL = 1.4; // bandwidths within this factor are one level of the memory hierarchy
const ROOF_HEIGHT = 420;
const MOST_LABELS = 12;

// One roof for each level. What fits a larger level fits a smaller one, so none is slower than the
// next; neighbours with about the same bandwidth are one, at its best.
function memoryLevels(roofline) {
  const found = [...roofline.levels || []].sort((a, b) => b.working_set_bytes - a.working_set_bytes);
  const levels = [];
  let rate = 0;
  for (const level of found) {
    rate = Math.max(rate, level.gbytes_per_second);
    const last = levels[levels.length - 1];
    if (last && rate < SAME_LEVEL * last.least) last.rate = rate;
    else levels.push({rate, least: rate, name: last ? `up to ${bytesText(level.working_set_bytes)}` : "memory"});
  }
  if (levels.length === 0 && roofline.gbytes_per_second > 0) levels.push({rate: roofline.gbytes_per_second, name: "memory"});
  if (roofline.local_gbytes_per_second > 0) {
    levels.push({rate: roofline.local_gbytes_per_second, name: "local memory", local: true});
  }
  return levels.sort((a, b) => b.rate - a.rate);
}

function rooflinePoints() {
  return data.kernels.map((kernel, index) => ({kernel, index, share: kernel.share || 0,
    x: kernel.flops / kernel.bytes, y: kernel.gflops}))
    .filter((p) => p.kernel.flops > 0 && p.kernel.bytes > 0 && p.y > 0).sort((a, b) => b.share - a.share);
}

// Whole decades around everything that is drawn.
function rooflineScales(width, levels, points) {
  const peak = data.roofline.peak_gflops;
  const rates = levels.map((level) => level.rate);
  const xs = [...points.map((p) => p.x), ...rates.map((rate) => peak / rate)];
  const x0 = 10 ** Math.floor(Math.log10(Math.min(0.1, ...xs)));
  const x1 = 10 ** Math.ceil(Math.log10(Math.max(10, ...xs) * 1.5));
  const ys = [...points.map((p) => p.y), peak * 1.2];
  const y0 = 10 ** Math.floor(Math.log10(Math.min(...ys)));
  const y1 = 10 ** Math.ceil(Math.log10(Math.max(...ys)));
  const box = {left: 46, right: width - 16, top: 12, bottom: ROOF_HEIGHT - 40};
  const log = (value, from, to, a, b) => a + (b - a) * Math.log(value / from) / Math.log(to / from);
  return {box, x0, x1, y0, y1, x: (v) => log(v, x0, x1, box.left, box.right), y: (v) => log(v, y0, y1, box.bottom, box.top)};
}

const decades = (from, to) => Array.from({length: Math.round(Math.log10(to / from)) + 1},
  (_, i) => from * 10 ** i);
const plain = (value) => value >= 1e4 || value < 1e-3 ? value.toExponential(0) : String(+value.toPrecision(3));

function rooflineAxes(s) {
  const {left, right, top, bottom} = s.box;
  return [
    decades(s.x0, s.x1).map((v) => [
      svg("line", {class: "grid", x1: s.x(v), x2: s.x(v), y1: top, y2: bottom}),
      svg("text", {class: "soft", x: s.x(v), y: bottom + 16, "text-anchor": "middle"}, plain(v))]),
    decades(s.y0, s.y1).map((v) => [
      svg("line", {class: "grid", x1: left, x2: right, y1: s.y(v), y2: s.y(v)}),
      svg("text", {class: "soft", x: left - 6, y: s.y(v) + 4, "text-anchor": "end"}, plain(v))]),
    svg("path", {class: "axis", fill: "none", d: `M${left},${top}V${bottom}H${right}`}),
    svg("text", {class: "soft", x: (left + right) / 2, y: bottom + 34, "text-anchor": "middle"}, "FLOP per byte of memory traffic"),
    svg("text", {class: "soft", x: left + 6, y: top + 4}, "GFLOP/s"),
  ].flat(2);
}

/* ---- labels that do not meet ---- */

const meets = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

// The roofs' names along their lines, but where the next line is too near; all are in the legend.
function levelLabels(s, levels, taken) {
  const slope = Math.atan2(s.y(1) - s.y(10), s.x(10) - s.x(1));
  let above = Infinity;
  return levels.map((level) => {
    const edge = Math.max(s.x0, s.y0 / level.rate);
    const [x, y] = [s.x(edge) + 10, s.y(edge * level.rate) - 10 * Math.tan(slope)];
    const room = above === Infinity ? Infinity : Math.cos(slope) * (s.y(level.rate) - s.y(above));
    above = level.rate;
    if (room < 19) return null;
    const text = levelText(level);
    for (let along = 0; along < textWidth(text); along += 12) {
      taken.push({x: x + along * Math.cos(slope), y: y - along * Math.sin(slope) - 18, w: 12, h: 18});
    }
    return svg("text", {class: "soft halo", transform: `translate(${x},${y}) rotate(${-slope * 180 / Math.PI})`, y: -5}, text);
  });
}

const levelText = (level) => `${level.name} ${digits(level.rate)} GB/s`;

function pointLabel(s, p, taken) {
  const text = shorten(opName(p.kernel), 30);
  const [w, h] = [textWidth(text), 14];
  const places = [[p.r + 4, -7], [-p.r - 4 - w, -7], [-w / 2, -p.r - 17], [-w / 2, p.r + 3],
    [p.r, -p.r - 14], [p.r, p.r], [-p.r - w, -p.r - 14], [-p.r - w, p.r]];
  for (const [dx, dy] of places) {
    const at = {x: p.cx + dx, y: p.cy + dy, w, h};
    const inside = at.x > s.box.left && at.x + w < s.box.right && at.y > s.box.top && at.y + h < s.box.bottom;
    if (!inside || taken.some((box) => meets(at, box))) continue;
    taken.push(at);
    return svg("text", {class: "halo", x: at.x, y: at.y + 11, "pointer-events": "none"}, text);
  }
  return null;
}

/* ---- the chart ---- */

function rooflineLines(s, levels) {
  const peak = data.roofline.peak_gflops;
  const ridge = peak / levels.reduce((most, level) => Math.max(most, level.rate), 0);
  const from = Number.isFinite(ridge) ? Math.max(s.x0, ridge) : s.x0;
  return [
    ...levels.map((level) => {
      const a = Math.max(s.x0, s.y0 / level.rate);
      const b = Math.min(s.x1, peak / level.rate);
      return svg("line", {class: level.local ? "level local" : "level", x1: s.x(a), y1: s.y(a * level.rate), x2: s.x(b), y2: s.y(b * level.rate)});
    }),
    svg("line", {class: "roof", x1: s.x(from), x2: s.box.right, y1: s.y(peak), y2: s.y(peak)}),
  ];
}

function tellPoint(p) {
  const k = p.kernel;
  return [opName(k), [["kernel", k.name], ["phase", k.phase], ["share", percentText(k.share)], ["rate", `${rateText(k.gflops)} GFLOP/s`],
    ["traffic", `${rateText(k.gbytes_per_second)} GB/s`], ["intensity", `${digits(p.x)} FLOP/byte`], ["of roofline", boundText(k)]]];
}

function rooflinePoint(p) {
  const circle = svg("circle", {class: p.index === selectedKernel ? "point selected" : "point", cx: p.cx, cy: p.cy, r: p.r,
    fill: kernelColour(p.index), tabindex: 0, role: "button", "data-kernel": p.index,
    "aria-label": `${opName(p.kernel)}: ${rateText(p.kernel.gflops)} GFLOP/s, ${boundText(p.kernel)} of the roofline`});
  const choose = (event) => {
    selectKernel(p.index);
    byId("roofline-chart").querySelector(`[data-kernel="${p.index}"]`)?.focus({preventScroll: true});
    // The table above opened a row, so the page scrolls to stay in place, which hides tooltips.
    const tell = () => showTip(event.clientX, event.clientY, ...tellPoint(p));
    if (event.type === "click") requestAnimationFrame(() => requestAnimationFrame(tell));
  };
  circle.addEventListener("click", choose);
  circle.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose(event);
    }
  });
  return explain(circle, () => tellPoint(p));
}

function drawRoofline(width) {
  const levels = memoryLevels(data.roofline);
  const points = rooflinePoints();
  const s = rooflineScales(width, levels, points);
  for (const p of points) Object.assign(p, {cx: s.x(p.x), cy: s.y(p.y), r: 4 + 18 * Math.sqrt(Math.min(1, p.share))});
  const peakText = `peak ${digits(data.roofline.peak_gflops)} GFLOP/s`;
  const peakBox = {x: s.box.right - textWidth(peakText), y: s.y(data.roofline.peak_gflops) - 20, w: textWidth(peakText), h: 15};
  const taken = [peakBox, ...points.map((p) => ({x: p.cx - p.r, y: p.cy - p.r, w: 2 * p.r, h: 2 * p.r}))];
  const roofNames = levelLabels(s, levels, taken);
  const names = points.slice(0, MOST_LABELS).map((p) => pointLabel(s, p, taken));
  byId("roofline-chart").replaceChildren(svg("svg", {viewBox: `0 0 ${width} ${ROOF_HEIGHT}`, height: ROOF_HEIGHT, role: "group",
    "aria-label": "Roofline of the device with the kernels as points"}, rooflineAxes(s), rooflineLines(s, levels),
  svg("text", {class: "halo", x: s.box.right, y: peakBox.y + 12, "text-anchor": "end"}, peakText),
  points.map(rooflinePoint), roofNames, names),
  el("p", {class: "about", text: `Roofs: ${[peakText, ...levels.map(levelText)].join("; ")}.`}));
}

function startRoofline() {
  if (!data.roofline || !(data.roofline.peak_gflops > 0)) {
    byId("roofline-chart").replaceChildren(note("No roofline: this device's peak and bandwidth were not measured yet. Run quern bench device once, then profile again."));
    return;
  }
  whenChanged(whenSized(byId("roofline-chart"), drawRoofline));
  const left = data.kernels.length - rooflinePoints().length;
  byId("roofline-note").textContent = data.kernels.length === left
    ? "No kernel's time and arithmetic are both known, so there are no points."
    : left > 0 ? `${left} of ${data.kernels.length} rows are not shown: they do no arithmetic, or were not measured.` : "";
}
