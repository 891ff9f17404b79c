// SPDX-License-Identifier: Apache-2.0
// The arena of a plan: each value is a box, from the node that makes it to the last that reads it, at
// the bytes where it lies.
"use strict";

const ARENA = {height: 320, left: 66, right: 8, top: 8, bottom: 40};

const nodeLabel = (node) => node.layer ? `${node.layer}/${node.op}` : node.op;
const planName = (plan) => `${plan.task}, batch ${plan.batch}`;

// One control for each place that shows a plan; nothing to choose, no control.
function planSelect(label, plans, choose) {
  if (plans.length < 2) return null;
  const select = el("select", {onchange: () => choose(plans[select.value])},
    plans.map((plan, i) => el("option", {value: i, text: planName(plan)})));
  return el("label", {}, label, select);
}

function tellValue(plan, value) {
  const node = (index) => plan.nodes[index] ? `${index} ${nodeLabel(plan.nodes[index])}` : String(index);
  return [value.value, [["shape", `(${(value.shape || []).map((n) => n < 0 || n === null ? "None" : n).join(", ")})`], ["type", value.type],
    ["size", bytesText(value.bytes)], ["at byte", countText(value.offset)], ["made by node", node(value.first)], ["last read by node", node(value.last)]]];
}

function valueBox(plan, value, phases, s) {
  const node = plan.nodes[value.first];
  const colour = node ? colourOf(phases[value.first], node.layer, node.op) : OTHERS;
  const [x, y] = [s.x(value.first), s.y(value.offset + value.bytes)];
  const [w, h] = [s.x(value.last + 1) - x, s.y(value.offset) - y];
  const box = svg("rect", {class: "value", x, y, width: Math.max(1, w - 1), height: Math.max(1.5, h - 0.5), fill: colour});
  const label = h > 13 && w > 60 ? svg("text", {x: x + 4, y: y + Math.min(h / 2 + 4, 14), style: {fill: textOn(colour)}, "pointer-events": "none"},
    clipText(value.value, w - 8, 12)) : null;
  return [explain(box, () => tellValue(plan, value)), label];
}

function drawArena(plan, values, width) {
  const most = Math.max(...values.map((value) => value.offset + value.bytes));
  const count = Math.max(plan.nodes.length, ...values.map((value) => value.last + 1));
  const phases = phasesOf(plan.nodes.map((node) => node.layer));
  const s = {right: width - ARENA.right, bottom: ARENA.height - ARENA.bottom};
  s.x = (step) => ARENA.left + (s.right - ARENA.left) * step / count;
  s.y = (bytes) => s.bottom - (s.bottom - ARENA.top) * bytes / most;
  const every = Math.max(1, ...[1, 2, 5, 10, 20, 50, 100, 200, 500].filter((n) => n * (s.right - ARENA.left) / count < 34 * 2.5));
  const marks = Array.from({length: Math.ceil(count / every)}, (_, i) => i * every);
  return svg("svg", {viewBox: `0 0 ${width} ${ARENA.height}`, height: ARENA.height, role: "group", "aria-label": `Arena of ${bytesText(most)} over ${count} nodes`},
    byteTicks(most).map((bytes) => [svg("line", {class: "grid", x1: ARENA.left, x2: s.right, y1: s.y(bytes), y2: s.y(bytes)}),
      svg("text", {class: "soft", x: ARENA.left - 6, y: s.y(bytes) + 4, "text-anchor": "end"}, bytesText(bytes))]).flat(),
    marks.map((step) => svg("text", {class: "soft", x: s.x(step + 0.5), y: s.bottom + 16, "text-anchor": "middle"}, String(step))),
    svg("text", {class: "soft", x: (ARENA.left + s.right) / 2, y: s.bottom + 34, "text-anchor": "middle"}, "node of the plan, in the order that they run"),
    values.flatMap((value) => valueBox(plan, value, phases, s)).filter((part) => part));
}

function startArena() {
  const arenas = [];
  for (const plan of data.plans) {
    const values = (plan.values || []).filter((value) => value.segment === "arena" && known(value.first) && known(value.last));
    for (const index of new Set(values.map((value) => value.index || 0))) {
      arenas.push({...plan, arena: values.filter((value) => (value.index || 0) === index),
        task: index > 0 ? `${plan.task}, arena ${index}` : plan.task});
    }
  }
  const chart = byId("arena-chart");
  if (arenas.length === 0) {
    chart.replaceChildren(note(data.plans.length > 0 ? "No plan of this profile has an arena." : "No plan was recorded with this profile."));
    return;
  }
  let shown = arenas[0];
  const redraw = whenSized(chart, (width) => chart.replaceChildren(drawArena(shown, shown.arena, width)));
  byId("arena-controls").append(planSelect("Plan", arenas, (plan) => {
    shown = plan;
    redraw();
  }) || "");
  whenChanged(redraw);
}
