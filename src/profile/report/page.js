// SPDX-License-Identifier: Apache-2.0
// What all parts of the page share: the data, elements, numbers as people read them, the tooltip, and
// who is told when something changes.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
data.kernels = data.kernels || [];
data.plans = data.plans || [];

/* ---- elements; texts are always text, never markup ---- */

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else if (name === "style") Object.assign(element.style, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null));
  return element;
}

const el = (name, attributes, ...children) =>
  fill(document.createElement(name), attributes, children);
const svg = (name, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
const byId = (id) => document.getElementById(id);
const note = (text) => el("p", {class: "note", text});

/* ---- numbers ---- */

// Three digits: 1.23, 12.3, 123.
function digits(value) {
  const size = Math.abs(value);
  return size >= 1e5 ? value.toExponential(2) : value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

function withUnit(value, step, units) {
  let unit = 0;
  let size = Math.abs(value);
  while (unit < units.length - 1 && size >= step - 0.5) {
    size /= step;
    unit++;
  }
  const whole = Number.isInteger(size) && (unit === 0 || step === 1024);
  const text = whole ? String(size) : digits(size);
  return (value < 0 ? "−" : "") + text + " " + units[unit];
}

const known = (value) => value !== null && value !== undefined;
const timeText = (ns) => known(ns) ? withUnit(ns, 1000, ["ns", "µs", "ms", "s"]) : "not measured";
const secondsText = (seconds) => known(seconds) ? timeText(seconds * 1e9) : "not measured";
// A moment, to 0.1 µs: moments are compared, lengths are judged.
const momentText = (ns) => ns >= 1e9 ? (ns / 1e9).toFixed(7) + " s" : ns >= 1e6 ? (ns / 1e6).toFixed(4) + " ms" : (ns / 1e3).toFixed(1) + " µs";
const bytesText = (bytes) => withUnit(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);
const countText = (count) => count.toLocaleString("en-US");
const percentText = (share) => known(share) ? (100 * share).toFixed(1) + " %" : "–";
const rateText = (rate) => known(rate) ? digits(rate) : "–";
const sizesText = (sizes) => sizes && sizes.length > 0 ? sizes.join(" × ") : "–";
const shorten = (text, length) => text.length > length ? text.slice(0, length - 1) + "…" : text;

// Ticks at 1, 2 or 5 times a power of ten, about `count` of them.
function ticks(from, to, count) {
  const rough = (to - from) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= rough * 0.999);
  const found = [];
  for (let i = Math.ceil(from / step); i * step <= to * (1 + 1e-12); i++) found.push(i * step);
  return found;
}

/* ---- names ---- */

// As much of a text as fits `room` pixels in the page's font at `size`.
const measuring = document.createElement("canvas").getContext("2d");
function clipText(text, room, size) {
  measuring.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  const width = (length) => measuring.measureText(length < text.length ? shorten(text, length) : text).width;
  let length = Math.min(text.length, 400);
  while (length > 1 && width(length) > room) length = Math.min(length - 1, Math.floor(length * room / width(length)));
  return length < text.length ? shorten(text, length) : text;
}
const textWidth = (text) => 6.7 * text.length; // about, in pixels, of charts' texts

const layerName = (layer) => layer || "data";
const opName = (kernel) => (kernel.layer ? kernel.layer + "/" : "") + (kernel.op || kernel.name);

// A long name breaks after its parts before it breaks within one.
const breakable = (name) => name.split(/(?<=[/_])/).flatMap((part, i) => i > 0 ? [el("wbr"), part] : [part]);

/* ---- who is told what ---- */

const listeners = [];
// `draw` is called now, and when the theme, the colours or the selected kernel change.
function whenChanged(draw) {
  listeners.push(draw);
  draw();
}
const changed = () => listeners.forEach((draw) => draw());

let selectedKernel = -1;
function selectKernel(index) {
  selectedKernel = selectedKernel === index ? -1 : index;
  changed();
}

// Calls `draw(width)` when the element's width changes, the first time included.
function whenSized(element, draw) {
  let width = 0;
  const look = () => {
    const now = Math.floor(element.clientWidth);
    if (now > 0 && now !== width) draw(width = now);
  };
  new ResizeObserver(look).observe(element);
  look();
  return () => width > 0 && draw(width);
}

// The first rows of a long table; a button, or a selected row further down, brings all.
const MOST_ROWS = 30;
function firstRows(rows, view, draw) {
  if (view.all || rows.length <= MOST_ROWS + 5 || rows.slice(MOST_ROWS).some((row) => row.classList.contains("selected"))) {
    return [rows, null];
  }
  const more = el("button", {type: "button", text: `Show all ${countText(rows.length)} rows`, onclick: () => {
    view.all = true;
    draw();
  }});
  return [rows.slice(0, MOST_ROWS), el("p", {}, more)];
}

/* ---- the tooltip ---- */

const tip = byId("tip");
let tipOwner = null;

// `rows`: [name, text]; near the point (x, y) of the window.
function showTip(x, y, title, rows, owner = null) {
  tipOwner = owner;
  tip.replaceChildren(el("strong", {text: title}),
    el("dl", {}, rows.map(([name, text]) => [el("dt", {text: name}), el("dd", {text})])));
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const right = x + 14 + box.width > innerWidth - 8;
  const below = y + 14 + box.height > innerHeight - 8;
  tip.style.left = Math.max(8, right ? Math.min(x - 14, innerWidth - 8) - box.width : x + 14) + "px";
  tip.style.top = Math.max(8, below ? y - 14 - box.height : y + 14) + "px";
}
const hideTip = () => { tip.hidden = true; };

document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
addEventListener("scroll", hideTip, {passive: true});
// A tap elsewhere closes what a tap opened.
document.addEventListener("pointerdown", (event) => {
  if (!event.target.closest("svg, canvas")) hideTip();
});

// Hover, tap and focus show what `tell()` gives: [title, rows].
function explain(element, tell) {
  const at = (event) => showTip(event.clientX, event.clientY, ...tell(), element);
  element.addEventListener("pointermove", at);
  element.addEventListener("pointerdown", at);
  element.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hideTip(); });
  element.addEventListener("focus", () => {
    const box = element.getBoundingClientRect();
    if (element.matches(":focus-visible")) showTip(box.right, box.bottom, ...tell(), element);
  });
  element.addEventListener("blur", () => { if (tipOwner === element) hideTip(); });
  return element;
}

/* ---- zooming by the wheel, without trapping who scrolls past ---- */

let scrolledAt = -1e9;
addEventListener("scroll", () => { scrolledAt = performance.now(); }, {passive: true});

// A wheel gesture that began as scrolling goes on as scrolling. `zoom(factor, event)` says whether it
// did anything; what does nothing scrolls the page.
function onWheelZoom(element, zoom) {
  element.addEventListener("wheel", (event) => {
    const scrolling = performance.now() - scrolledAt < 250;
    if ((scrolling && !event.ctrlKey) || event.deltaY === 0) return;
    const pixels = event.deltaY * (event.deltaMode === 1 ? 30 : 1);
    if (zoom(Math.exp(Math.max(-1, Math.min(1, pixels * 0.0022))), event)) event.preventDefault();
    else if (event.ctrlKey) event.preventDefault();
  }, {passive: false});
}

// Drag by one pointer, pinch by two. `move(dx, dy)`, `pinch(factor, x, y)`.
function onDrag(element, move, pinch) {
  const points = new Map();
  const spread = () => {
    const [a, b] = [...points.values()];
    return {size: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2};
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    points.set(event.pointerId, {x: event.clientX, y: event.clientY});
  });
  element.addEventListener("pointermove", (event) => {
    const last = points.get(event.pointerId);
    if (!last) return;
    const before = points.size === 2 ? spread() : null;
    const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
    if (!before && !element.classList.contains("dragging") && Math.hypot(dx, dy) < 4) return;
    // Only now: a capture at once would take the click from what is beneath.
    element.setPointerCapture(event.pointerId);
    element.classList.add("dragging");
    points.set(event.pointerId, {x: event.clientX, y: event.clientY});
    if (!before) return move(dx, dy);
    const after = spread();
    if (before.size > 0 && after.size > 0) pinch(before.size / after.size, after.x, after.y);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    element.addEventListener(name, (event) => {
      points.delete(event.pointerId);
      if (points.size === 0) setTimeout(() => element.classList.remove("dragging"));
    });
  }
}
