// SPDX-License-Identifier: Apache-2.0
// Draws a range of the timeline. Few commands are boxes with names; where they would be thinner than a
// pixel, each column of pixels shows how much of it which group was busy, to the bottom from its top.
"use strict";

const ROW = {name: 16, span: 18, track: 46, gap: 8, ruler: 20};
const BOXES_BELOW = 0.5; // commands a pixel

// Where the rows of the picture lie; `spans` rows for nested host spans come first.
function timelineRows() {
  const rows = [];
  let y = ROW.ruler;
  const depth = timeline.spans.reduce((most, span) => Math.max(most, span.depth + 1), 0);
  if (depth > 0) {
    rows.push({name: "host, what ran", y, height: ROW.name + depth * ROW.span, spans: true});
    y += ROW.name + depth * ROW.span + ROW.gap;
  }
  for (const track of timeline.tracks) {
    if (track.count === 0 && track !== timeline.compute) continue;
    rows.push({name: track.name, y, height: ROW.name + ROW.track, track});
    y += ROW.name + ROW.track + ROW.gap;
  }
  return {rows, height: y};
}

// Sums of a track for the present colours, kept until they change.
function sumsOf(track) {
  const key = `${colourBy} ${selectedKernel}`;
  if (track.sums === null || track.key !== key) {
    const groups = grouping();
    const only = selectedKernel;
    track.key = key;
    // With a kernel chosen: it alone, then all else.
    track.of = only < 0 ? (kernel) => groups.of[kernel] : (kernel) => kernel === only ? 0 : 1;
    track.colours = only < 0 ? groups.groups.map((group) => group.colour) : [kernelColour(only), variable("--line")];
    track.sums = groupSums(track, track.colours.length, track.of);
  }
  return track;
}

function fitText(context, text, room) {
  if (room < 24) return "";
  if (context.measureText(text).width <= room) return text;
  const each = context.measureText("n").width;
  const length = Math.floor(room / each) - 1;
  return length >= 3 ? shorten(text, length) : "";
}

// A number is told whole or not at all.
const wholeText = (context, text, room) => context.measureText(text).width <= room ? text : "";

// The op with its layer, else without, else its beginning.
function boxName(context, kernel, room) {
  return wholeText(context, opName(kernel), room) || wholeText(context, kernel.op || kernel.name, room) ||
    (room > 50 ? fitText(context, kernel.op || kernel.name, room) : "");
}

function drawRuler(context, view, width, height, colours) {
  const scale = width / (view.to - view.from);
  context.fillStyle = colours.soft;
  context.strokeStyle = colours.faint;
  context.textBaseline = "middle";
  for (const time of ticks(view.from, view.to, width / 110)) {
    const x = Math.round((time - view.from) * scale) + 0.5;
    context.beginPath();
    context.moveTo(x, ROW.ruler);
    context.lineTo(x, height);
    context.stroke();
    const text = time === 0 ? "0" : rulerText(time, view);
    const half = context.measureText(text).width / 2;
    context.fillText(text, Math.max(0, Math.min(width - 2 * half, x - half)), ROW.ruler / 2);
  }
}

// As many digits as neighbours need to differ.
function rulerText(time, view) {
  const step = (view.to - view.from) / 10;
  const [size, unit] = time >= 1e9 ? [1e9, "s"] : time >= 1e6 ? [1e6, "ms"] : time >= 1e3 ? [1e3, "µs"] : [1, "ns"];
  return (time / size).toFixed(Math.max(0, Math.min(9, Math.ceil(-Math.log10(step / size))))) + " " + unit;
}

function drawSpans(context, view, row, width, colours) {
  const scale = width / (view.to - view.from);
  for (const span of timeline.spans) {
    const a = Math.max(-2, (span.begin - view.from) * scale);
    const b = Math.min(width + 2, (span.end - view.from) * scale);
    if (b < 0 || a > width) continue;
    const y = row.y + ROW.name + span.depth * ROW.span;
    context.fillStyle = colours.faint;
    context.fillRect(a, y, Math.max(1, b - a), ROW.span - 2);
    context.strokeStyle = colours.line;
    context.strokeRect(a + 0.5, y + 0.5, Math.max(0, b - a - 1), ROW.span - 3);
    context.fillStyle = colours.text;
    const from = Math.max(a, 0) + 5;
    context.fillText(fitText(context, span.name, b - from - 4), from, y + ROW.span / 2 - 1);
  }
}

function drawBoxes(context, view, track, y, width, first, end, colours) {
  const scale = width / (view.to - view.from);
  for (let i = first; i < end; i++) {
    const a = Math.max(-1, (track.begin[i] - view.from) * scale);
    const b = Math.min(width + 1, (track.end[i] - view.from) * scale);
    const colour = track.colours[track.of(track.kernel[i])];
    context.fillStyle = colour;
    context.fillRect(a, y, Math.max(0.7, b - a - (b - a > 4 ? 1 : 0)), ROW.track);
    if (track.order[i] === view.command) {
      context.strokeStyle = colours.text;
      context.lineWidth = 2;
      context.strokeRect(a + 1, y + 1, Math.max(1, b - a - 2), ROW.track - 2);
      context.lineWidth = 1;
    }
    const kernel = data.kernels[track.kernel[i]];
    const from = Math.max(a, 0) + 4;
    const room = b - from - 3;
    if (room < 20) continue;
    context.fillStyle = colour.startsWith("#") && colour.length === 7 ? textOn(colour) : colours.text;
    context.fillText(boxName(context, kernel, room), from, y + 13);
    context.fillText(wholeText(context, timeText(track.end[i] - track.begin[i]), room), from, y + 31);
  }
}

function drawColumns(context, view, track, y, height, width) {
  const step = (view.to - view.from) / width;
  const times = new Float64Array(track.colours.length);
  for (let x = 0; x < width; x++) {
    const from = view.from + x * step;
    if (timeByGroup(track, track.sums, track.of, from, from + step, times) === 0) continue;
    let bottom = y + height;
    for (let g = 0; g < times.length; g++) {
      const part = Math.max(0, Math.min(1, times[g] / step)) * height;
      if (part <= 0) continue;
      context.fillStyle = track.colours[g];
      context.fillRect(x, Math.max(y, bottom - part), 1, Math.min(part, bottom - y));
      bottom -= part;
    }
  }
}

function drawTrack(context, view, row, width, colours) {
  const track = sumsOf(row.track);
  const y = row.y + ROW.name;
  const [first, end] = commandsIn(track, view.from, view.to);
  context.fillStyle = colours.faint;
  context.fillRect(0, y, width, ROW.track);
  if (track.count === 0) {
    context.fillStyle = colours.soft;
    context.fillText("not measured", 4, y + ROW.track / 2);
  } else if (end - first < BOXES_BELOW * width) {
    drawBoxes(context, view, track, y, width, first, end, colours);
  } else {
    drawColumns(context, view, track, y, ROW.track, width);
  }
}

// A context in which lengths are of the page, whatever the screen's pixels.
function prepareCanvas(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = height + "px";
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = "12px " + getComputedStyle(document.body).fontFamily;
  return context;
}

const canvasColours = () => Object.fromEntries(
  ["text", "soft", "line", "faint", "link", "card"].map((name) => [name, variable("--" + name)]));

function drawTimeline(canvas, view, layout, width) {
  const colours = canvasColours();
  const context = prepareCanvas(canvas, width, layout.height);
  drawRuler(context, view, width, layout.height, colours);
  for (const row of layout.rows) {
    context.fillStyle = colours.soft;
    context.fillText(row.name, 0, row.y + ROW.name / 2);
    if (row.spans) drawSpans(context, view, row, width, colours);
    else drawTrack(context, view, row, width, colours);
  }
}

function drawOverview(canvas, view, width) {
  const height = 34;
  const colours = canvasColours();
  const context = prepareCanvas(canvas, width, height);
  const whole = {from: 0, to: timeline.end};
  context.fillStyle = colours.faint;
  context.fillRect(0, 0, width, height);
  const track = timeline.compute.count > 0 ? timeline.compute : timeline.enqueue;
  drawColumns(context, whole, sumsOf(track), 0, height, width);
  const a = view.from / timeline.end * width;
  const b = Math.max(a + 3, view.to / timeline.end * width);
  context.fillStyle = colours.card;
  context.globalAlpha = 0.65;
  context.fillRect(0, 0, a, height);
  context.fillRect(b, 0, width - b, height);
  context.globalAlpha = 1;
  context.strokeStyle = colours.text;
  context.lineWidth = 2;
  context.strokeRect(Math.max(1, a), 1, Math.min(b, width - 1) - Math.max(1, a), height - 2);
}
