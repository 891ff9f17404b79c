// SPDX-License-Identifier: Apache-2.0
// The timeline's range, and how the reader moves it: wheel, pinch, drag, buttons, keys, the overview.
"use strict";

const LEAST_RANGE = 50; // ns
const SUMMED_KERNELS = 5;

const timelineView = {from: 0, to: 1, command: -1};
let timelineLayout = null;
let redrawTimeline = () => {};

/* ---- the range ---- */

// Says whether the range changed.
function setRange(from, to) {
  const size = Math.max(Math.min(to - from, timeline.end), Math.min(LEAST_RANGE, timeline.end));
  const begin = Math.max(0, Math.min(from, timeline.end - size));
  if (Math.abs(begin - timelineView.from) < 1e-3 && Math.abs(begin + size - timelineView.to) < 1e-3) return false;
  timelineView.from = begin;
  timelineView.to = begin + size;
  redrawTimeline();
  return true;
}

// The time `at` (0 to 1 of the width) stays where it is.
function zoomRange(factor, at = 0.5) {
  const size = timelineView.to - timelineView.from;
  const fixed = timelineView.from + at * size;
  return setRange(fixed - at * size * factor, fixed + (1 - at) * size * factor);
}

const panRange = (share) => {
  const by = share * (timelineView.to - timelineView.from);
  return setRange(timelineView.from + by, timelineView.to + by);
};
const fitRange = () => setRange(0, timeline.end);

/* ---- one command ---- */

function trackOf(command) {
  const number = timeline.source.kernel[command];
  const track = data.kernels[number].queue === "transfer" ? timeline.transfer : timeline.compute;
  return track.count > 0 && !Number.isNaN(timeline.device[command]) ? track : timeline.enqueue;
}

function tellCommand(command) {
  const kernel = data.kernels[timeline.source.kernel[command]];
  const length = timeline.source.length[command];
  const begin = timeline.device[command];
  const host = timeline.host[command];
  const hostLength = timeline.source.enqueue_length[command];
  const rows = [["kernel", kernel.name], ["phase", kernel.phase]];
  if (known(length)) {
    rows.push(["took", timeText(length)], ["begins at", momentText(begin)],
      ["waited in its queue", timeText(Math.max(0, begin - host - hostLength))]);
  } else {
    rows.push(["took", "not measured"]);
  }
  rows.push(["enqueued at", momentText(host)], ["enqueueing took", timeText(hostLength)], ["mean of its kind", secondsText(kernel.mean_seconds)]);
  return [`${opName(kernel)} (command ${countText(command + 1)})`, rows];
}

// Brings a command into sight with its neighbours.
function showCommand(command, zoom) {
  const track = trackOf(command);
  const at = track.order.indexOf(command);
  if (at < 0) return;
  const [begin, end] = [track.begin[at], track.end[at]];
  timelineView.command = command;
  const room = Math.max(20 * (end - begin), 2e4);
  const outside = begin < timelineView.from || end > timelineView.to;
  if (zoom) setRange((begin + end - room) / 2, (begin + end + room) / 2);
  else if (outside) panRange(((begin + end) / 2 - timelineView.from) / (timelineView.to - timelineView.from) - 0.5);
  redrawTimeline();
}

function showLongest(kernel) {
  const {source} = timeline;
  let best = -1;
  source.kernel.forEach((k, i) => {
    if (k === kernel && (best < 0 || (source.length[i] || 0) > (source.length[best] || 0))) best = i;
  });
  byId("timeline").scrollIntoView();
  showCommand(best, true);
  byId("tracks").focus({preventScroll: true});
}

// The next command of the same track, the first in sight when none is chosen.
function stepCommand(by) {
  const chosen = timelineView.command;
  const track = chosen >= 0 ? trackOf(chosen) : timeline.compute.count > 0 ? timeline.compute : timeline.enqueue;
  const at = chosen >= 0 ? track.order.indexOf(chosen) + by : firstFrom(track, timelineView.from);
  if (at >= 0 && at < track.count) showCommand(track.order[at], chosen < 0 || timelineView.to - timelineView.from > 1e7);
}

/* ---- what lies under the pointer ---- */

function commandAt(track, time, reach) {
  const [first, end] = commandsIn(track, time - reach, time + reach);
  let best = -1;
  let nearest = Infinity;
  for (let i = first; i < end; i++) {
    const away = Math.max(track.begin[i] - time, time - track.end[i], 0);
    if (away < nearest) [best, nearest] = [track.order[i], away];
  }
  return best;
}

function tellRange(track, from, to) {
  const found = kernelsIn(track, from, to);
  const rows = found.kernels.slice(0, SUMMED_KERNELS).map((entry) =>
    [opName(data.kernels[entry.kernel]), `${timeText(entry.time)}, ${countText(entry.calls)} ×`]);
  return [`${track.name}: ${countText(found.count)} command${found.count === 1 ? "" : "s"} in ${timeText(to - from)}, busy ${percentText(found.busy / (to - from))}`, rows];
}

// [command or -1, title, rows], or null where there is nothing.
function timelineAt(x, y, width) {
  const row = timelineLayout.rows.find((r) => y >= r.y && y < r.y + r.height);
  if (!row) return null;
  const step = (timelineView.to - timelineView.from) / width;
  const time = timelineView.from + x * step;
  if (row.spans) {
    const depth = Math.floor((y - row.y - ROW.name) / ROW.span);
    const span = timeline.spans.find((s) => s.depth === depth && s.begin <= time && time < s.end);
    return span ? [-1, span.name, [["took", timeText(span.end - span.begin)], ["from", momentText(span.begin)], ["to", momentText(span.end)]]] : null;
  }
  const [first, end] = commandsIn(row.track, timelineView.from, timelineView.to);
  if (end - first < BOXES_BELOW * width) {
    const command = commandAt(row.track, time, 3 * step);
    return command >= 0 ? [command, ...tellCommand(command)] : null;
  }
  const found = commandsIn(row.track, time - 2 * step, time + 2 * step);
  return found[0] < found[1] ? [-1, ...tellRange(row.track, time - 2 * step, time + 2 * step)] : null;
}

/* ---- what the range holds, in words ---- */

function drawInView() {
  const {from, to, command} = timelineView;
  const track = timeline.compute.count > 0 ? timeline.compute : timeline.enqueue;
  const found = kernelsIn(track, from, to);
  const line = `In view: ${rulerText(from, timelineView)} to ${rulerText(to, timelineView)} (${timeText(to - from)}), ` +
    `${track.name} ${countText(found.count)} command${found.count === 1 ? "" : "s"}, busy ${percentText(found.busy / (to - from))}.`;
  const list = el("ul", {class: "legend"}, found.kernels.slice(0, SUMMED_KERNELS).map((entry) =>
    el("li", {}, swatch(kernelColour(entry.kernel)), shorten(opName(data.kernels[entry.kernel]), 50),
      el("b", {text: timeText(entry.time)}), `${countText(entry.calls)} ×`)));
  byId("in-view").replaceChildren(el("p", {text: line}), list);
  drawChosen(command);
}

// Read aloud when it changes, so only then it is drawn.
function drawChosen(command) {
  const box = byId("chosen-command");
  if (box.dataset.command === String(command)) return;
  box.dataset.command = command;
  const [title, rows] = command < 0 ? ["", []] : tellCommand(command);
  box.replaceChildren(...command < 0 ? [] : [el("p", {}, el("strong", {text: title})), pairs(rows)]);
}

function drawLegend() {
  const groups = selectedKernel < 0 ? grouping().groups
    : [{name: `only ${shorten(opName(data.kernels[selectedKernel]), 50)} (chosen in the table)`, colour: kernelColour(selectedKernel)}];
  byId("timeline-legend").replaceChildren(...groups.map((group) => el("li", {}, swatch(group.colour), shorten(group.name, 60))));
}

/* ---- the reader's hands ---- */

const timelineKeys = {
  ArrowLeft: () => panRange(-0.15), a: () => panRange(-0.15), ArrowRight: () => panRange(0.15), d: () => panRange(0.15),
  "+": () => zoomRange(0.6), "=": () => zoomRange(0.6), w: () => zoomRange(0.6), "-": () => zoomRange(1 / 0.6), s: () => zoomRange(1 / 0.6),
  0: fitRange, Home: fitRange, ",": () => stepCommand(-1), ".": () => stepCommand(1),
};

function onKeys(event) {
  const act = timelineKeys[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  hideTip();
  act();
}

function watchTracks(canvas) {
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top, box.width];
  };
  const tell = (event) => {
    const found = canvas.classList.contains("dragging") ? null : timelineAt(...at(event));
    if (found) showTip(event.clientX, event.clientY, found[1], found[2]);
    else hideTip();
  };
  canvas.addEventListener("pointermove", tell);
  canvas.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hideTip(); });
  canvas.addEventListener("click", (event) => {
    if (canvas.classList.contains("dragging")) return;
    const found = timelineAt(...at(event));
    timelineView.command = found ? found[0] : -1;
    tell(event);
    redrawTimeline();
  });
  canvas.addEventListener("dblclick", fitRange);
  canvas.addEventListener("keydown", onKeys);
  onWheelZoom(canvas, (factor, event) => {
    hideTip();
    if (event.shiftKey) return panRange(Math.sign(event.deltaY) * 0.1);
    const [x, , width] = at(event);
    return zoomRange(factor, x / width);
  });
  onDrag(canvas, (dx) => {
    hideTip();
    panRange(-dx / canvas.clientWidth);
  }, (factor, x) => zoomRange(factor, (x - canvas.getBoundingClientRect().left) / canvas.clientWidth));
}

// The overview's window follows the pointer.
function watchOverview(canvas) {
  const go = (event) => {
    const box = canvas.getBoundingClientRect();
    const middle = (event.clientX - box.left) / box.width * timeline.end;
    const half = (timelineView.to - timelineView.from) / 2;
    setRange(middle - half, middle + half);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    go(event);
  });
  canvas.addEventListener("pointermove", (event) => { if (event.buttons & 1) go(event); });
  canvas.addEventListener("dblclick", fitRange);
  onWheelZoom(canvas, (factor) => zoomRange(factor));
}

function timelineButtons() {
  const button = (text, label, act) => el("button", {type: "button", "aria-label": label, title: label, text, onclick: act});
  return el("div", {class: "bar", role: "group", "aria-label": "Zoom of the timeline"},
    button("+", "Zoom in", () => zoomRange(0.5)), button("−", "Zoom out", () => zoomRange(2)),
    button("◂", "Earlier", () => panRange(-0.3)), button("▸", "Later", () => panRange(0.3)),
    button("Fit", "Show all", fitRange),
    el("ul", {class: "legend", id: "timeline-legend"}));
}

function buildTimeline() {
  const overview = el("canvas", {id: "overview", "aria-hidden": "true"});
  const tracks = el("canvas", {id: "tracks", tabindex: 0, role: "application",
    "aria-label": "Timeline. Arrow keys move, plus and minus zoom, 0 shows all, comma and full stop go from command to command.",
    "aria-describedby": "in-view"});
  byId("timeline-view").append(timelineButtons(), overview, tracks,
    el("p", {class: "hint", text: "Wheel or pinch zooms, dragging moves, a double click shows all; with the keyboard: arrows, + − 0, and , . from command to command."}),
    el("div", {id: "in-view", class: "in-view"}), el("div", {id: "chosen-command", "aria-live": "polite"}));
  return [overview, tracks];
}

function startTimeline() {
  if (!timeline) {
    byId("timeline-view").append(note("No timeline: no command ran within the profile, or none was kept."));
    return;
  }
  const [overview, tracks] = buildTimeline();
  const notes = [];
  if (timeline.dropped > 0) notes.push(`${countText(timeline.dropped)} commands were not kept: the timeline shows those before.`);
  if (timeline.compute.count + timeline.transfer.count === 0) {
    notes.push("The device's times are not measured: the driver gives none that can be true. The host's are below.");
  }
  byId("timeline-view").prepend(...notes.map(note));
  timelineLayout = timelineRows();
  timelineView.to = timeline.end;
  let waiting = 0;
  let width = 0;
  const draw = () => {
    waiting = 0;
    if (width === 0) return;
    drawOverview(overview, timelineView, width);
    drawTimeline(tracks, timelineView, timelineLayout, width);
    drawInView();
  };
  // At most one picture a frame.
  redrawTimeline = () => { waiting = waiting || requestAnimationFrame(draw); };
  whenSized(byId("timeline-view"), (now) => {
    width = now;
    redrawTimeline();
  });
  whenChanged(() => {
    drawLegend();
    redrawTimeline();
  });
  watchTracks(tracks);
  watchOverview(overview);
}
