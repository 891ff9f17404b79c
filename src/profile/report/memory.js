// SPDX-License-Identifier: Apache-2.0
// Device memory over time: what each segment holds, stacked.
"use strict";

const MEMORY = {height: 240, left: 66, right: 8, top: 10, bottom: 24};

const memoryHidden = new Set();
let redrawMemory = () => {};

// Steps of all segments: [time, bytes of each]. Within one column of pixels only its fullest moment and
// its last one remain, so that nothing is missed however many changes there are.
function memorySteps(memory, end, columns) {
  const now = memory.segments.map(() => 0);
  const sum = (bytes) => bytes.reduce((all, part) => all + part, 0);
  const steps = [];
  let column = -1;
  memory.time.forEach((time, i) => {
    now[memory.segment[i]] = memoryHidden.has(memory.segment[i]) ? 0 : memory.bytes[i];
    if (memory.time[i + 1] === time) return;
    const at = Math.floor(time / end * columns);
    const last = steps[steps.length - 1];
    const full = steps[steps.length - 2];
    if (at !== column || steps.length < 2 || full.column !== at) {
      steps.push({time, column: at, bytes: [...now]});
      column = at;
    } else {
      if (sum(last.bytes) > sum(full.bytes)) full.bytes = last.bytes;
      Object.assign(last, {time, bytes: [...now]});
    }
  });
  return steps;
}

function areaPath(steps, segment, end, x, y) {
  const under = (bytes, count) => bytes.slice(0, count).reduce((all, part) => all + part, 0);
  let top = "";
  let bottom = "";
  steps.forEach((step, i) => {
    const [a, b] = [x(step.time), x(i + 1 < steps.length ? steps[i + 1].time : end)];
    const [low, high] = [y(under(step.bytes, segment)), y(under(step.bytes, segment + 1))];
    top += `${top ? "L" : "M"}${a},${high}L${b},${high}`;
    bottom = `L${b},${low}L${a},${low}` + bottom;
  });
  return top + bottom + "Z";
}

const memoryColour = (i) => i < PALETTE.length ? PALETTE[i] : OTHERS;

// Ticks of bytes at 1, 2 or 4 times a power of two.
function byteTicks(most) {
  const step = 2 ** Math.ceil(Math.log2(Math.max(1, most) / 5));
  const found = [];
  for (let bytes = 0; bytes <= most; bytes += step) found.push(bytes);
  return found;
}

function memoryAxes(s, most, end) {
  return [
    byteTicks(most).map((bytes) => [svg("line", {class: "grid", x1: MEMORY.left, x2: s.right, y1: s.y(bytes), y2: s.y(bytes)}),
      svg("text", {class: "soft", x: MEMORY.left - 6, y: s.y(bytes) + 4, "text-anchor": "end"}, bytesText(bytes))]),
    ticks(0, end, (s.right - MEMORY.left) / 110).map((time) =>
      svg("text", {class: "soft", x: s.x(time), y: MEMORY.height - 6, "text-anchor": time === 0 ? "start" : s.x(time) > s.right - 30 ? "end" : "middle"},
        time === 0 ? "0" : timeText(time))),
  ].flat(2);
}

function drawMemory(width) {
  const memory = data.memory;
  const end = Math.max(timeline ? timeline.end : 0, 1e9 * (data.wall_seconds || 0), memory.time[memory.time.length - 1], 1);
  const steps = memorySteps(memory, end, 4 * width);
  const sums = steps.map((step) => step.bytes.reduce((all, part) => all + part, 0));
  const most = Math.max(1, ...sums);
  const s = {right: width - MEMORY.right};
  s.x = (time) => MEMORY.left + (s.right - MEMORY.left) * time / end;
  s.y = (bytes) => MEMORY.height - MEMORY.bottom - (MEMORY.height - MEMORY.bottom - MEMORY.top) * bytes / most;
  const cursor = svg("line", {class: "axis", y1: MEMORY.top, y2: MEMORY.height - MEMORY.bottom, visibility: "hidden"});
  const picture = svg("svg", {viewBox: `0 0 ${width} ${MEMORY.height}`, height: MEMORY.height, role: "img",
    "aria-label": `Device memory over time, at most ${bytesText(most)}`}, memoryAxes(s, most, end),
  memory.segments.map((_, i) => svg("path", {d: areaPath(steps, i, end, s.x, s.y), fill: memoryColour(i), stroke: "none"})), cursor);
  let hovered = 0;
  const look = (event) => {
    const x = event.clientX - picture.getBoundingClientRect().left;
    hovered = Math.max(0, Math.min(end, (x - MEMORY.left) / (s.right - MEMORY.left) * end));
    fill(cursor, {x1: s.x(hovered), x2: s.x(hovered), visibility: "visible"}, []);
  };
  picture.addEventListener("pointermove", look);
  picture.addEventListener("pointerdown", look);
  explain(picture, () => {
    let at = steps.findIndex((step) => step.time > hovered);
    at = (at < 0 ? steps.length : Math.max(1, at)) - 1;
    return [`${timeText(hovered)}: ${bytesText(sums[at])}`, memory.segments.map((name, i) => [name, bytesText(steps[at].bytes[i])]).reverse()];
  });
  byId("memory-chart").replaceChildren(picture, memoryLegend(memory));
}

// A press takes a segment out of the picture, so that small ones beside a large one can be seen.
function memoryLegend(memory) {
  const peak = memory.segments.map(() => 0);
  memory.segment.forEach((segment, i) => { peak[segment] = Math.max(peak[segment], memory.bytes[i]); });
  return el("ul", {class: "legend"}, memory.segments.map((name, i) =>
    el("li", {}, el("button", {type: "button", "aria-pressed": String(!memoryHidden.has(i)), "data-segment": i, onclick: () => toggleSegment(i)},
      swatch(memoryColour(i)), `${shorten(name, 60)}, peak`, el("b", {text: bytesText(peak[i])})))));
}

function toggleSegment(segment) {
  if (!memoryHidden.delete(segment)) memoryHidden.add(segment);
  redrawMemory();
  byId("memory-chart").querySelector(`[data-segment="${segment}"]`).focus();
}

// Segments that hold nothing all the time are left out.
function dropEmpty(memory) {
  const used = memory.segments.map((_, i) => memory.segment.some((segment, k) => segment === i && memory.bytes[k] > 0));
  const place = memory.segments.map((_, i) => used.slice(0, i).filter(Boolean).length);
  const kept = memory.segment.map((segment) => used[segment]);
  const keep = (list) => list.filter((_, i) => kept[i]);
  return {segments: memory.segments.filter((_, i) => used[i]), time: keep(memory.time), bytes: keep(memory.bytes),
    segment: keep(memory.segment).map((segment) => place[segment])};
}

function startMemory() {
  if (!data.memory || data.memory.time.length === 0) {
    byId("memory-chart").replaceChildren(note("No change of device memory was recorded."));
    return;
  }
  data.memory = dropEmpty(data.memory);
  redrawMemory = whenSized(byId("memory-chart"), drawMemory);
}
