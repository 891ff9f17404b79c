// SPDX-License-Identifier: Apache-2.0
// The graph of a plan, layers from top to bottom; it can be moved and zoomed, and each node tells what
// it reads. Below, its steps as a table.
"use strict";

const NODE = {width: 168, line: 15, gapX: 26, gapY: 40};
const GRAPH = {least: 220, most: 720, smallest: 0.7}; // pixels; below the scale, text is hard to read

const planView = {plan: null, graph: null, box: null, fit: null, lit: -1, moved: false};

/* ---- nodes and edges ---- */

function nodeLines(node) {
  const fit = (text) => clipText(text, NODE.width - 18, 11);
  const lines = [fit(layerName(node.layer)), fit(node.op + (node.detail ? `(${node.detail})` : "")), fit(node.shape || "")];
  const reads = node.inputs.filter((input) => !known(input.node)).map((input) => input.value);
  if (reads.length > 0) lines.push(fit("← " + reads.map((name) => name.split("/").pop()).join(", ")));
  return lines.filter((line) => line);
}

function layOutPlan(plan) {
  const phases = phasesOf(plan.nodes.map((node) => node.layer));
  const nodes = plan.nodes.map((node, index) => {
    const lines = nodeLines(node);
    return {index, node, lines, phase: phases[index], width: NODE.width, height: 10 + NODE.line * lines.length,
      from: node.inputs.filter((input) => known(input.node)).map((input) => input.node)};
  });
  return {nodes, ...layOutGraph(nodes, NODE.gapX, NODE.gapY)};
}

function tellNode(item) {
  const {node} = item;
  return [`${layerName(node.layer)}: ${node.op}`, [["detail", node.detail || "–"], ["shape", node.shape || "–"],
    ["phase", node.updates && item.phase !== "update" ? `${item.phase}, updates in place` : item.phase],
    ["reads", node.inputs.map((input) => known(input.node) ? `${layerName(planView.plan.nodes[input.node].layer)}: ${planView.plan.nodes[input.node].op}`
      : `${input.value} (${input.kind})`).join(", ") || "–"]]];
}

function nodeShape(item) {
  const [left, top] = [item.x - item.width / 2, item.y - item.height / 2];
  const lit = planView.lit === item.index;
  const near = planView.lit < 0 || lit || item.from.includes(planView.lit) || planView.graph.nodes[planView.lit].from.includes(item.index);
  const colour = colourOf(item.phase, item.node.layer, item.node.op);
  const shape = svg("g", {class: `node${lit ? " lit" : ""}${near ? "" : " faded"}`, "data-node": item.index},
    svg("rect", {class: "box", x: left, y: top, width: item.width, height: item.height, rx: 4}),
    svg("rect", {class: "stripe", x: left + 1, y: top + 1, width: 6, height: item.height - 2, style: {fill: colour}}),
    item.lines.map((line, i) => svg("text", {class: i > 1 ? "soft" : null, "font-weight": i === 0 ? 600 : null, x: left + 13,
      y: top + 4 + NODE.line * (i + 0.75), style: {fontSize: "11px"}}, line)));
  shape.addEventListener("click", (event) => {
    if (byId("plan-graph").querySelector(".dragging")) return;
    planView.lit = lit ? -1 : item.index;
    drawPlan();
    showTip(event.clientX, event.clientY, ...tellNode(item));
  });
  return explain(shape, () => tellNode(item));
}

function edgeShape(edge) {
  const {points} = edge;
  let d = `M${points[0]}`;
  for (let i = 1; i < points.length; i++) {
    const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]];
    d += x0 === x1 ? `V${y1}` : `C${x0},${(y0 + y1) / 2} ${x1},${(y0 + y1) / 2} ${x1},${y1}`;
  }
  const lit = [edge.from.index, edge.to.index].includes(planView.lit);
  return svg("path", {class: `edge${lit ? " lit" : planView.lit >= 0 ? " faded" : ""}`, d, "marker-end": "url(#arrow)"});
}

/* ---- moving and zooming ---- */

function setPlanBox(box) {
  const {fit} = planView;
  const size = Math.max(fit.w / 30, Math.min(box.w, fit.w * 1.5));
  const scale = size / box.w;
  const made = {x: box.x, y: box.y, w: size, h: box.h * scale};
  const limit = (value, from, to) => Math.max(Math.min(from, to), Math.min(value, Math.max(from, to)));
  // Half of the picture stays in sight.
  made.x = limit(made.x, -made.w / 2, planView.graph.width - made.w / 2);
  made.y = limit(made.y, -made.h / 2, planView.graph.height - made.h / 2);
  const same = planView.box && ["x", "y", "w"].every((key) => Math.abs(planView.box[key] - made[key]) < 1e-6);
  planView.box = made;
  byId("plan-picture")?.setAttribute("viewBox", `${made.x} ${made.y} ${made.w} ${made.h}`);
  return !same;
}

function zoomPlan(factor, atX = 0.5, atY = 0.5) {
  const {box, fit} = planView;
  const bounded = Math.max(fit.w / 30, Math.min(box.w * factor, fit.w * 1.5)) / box.w;
  if (Math.abs(bounded - 1) < 1e-9) return false;
  planView.moved = true;
  return setPlanBox({x: box.x + box.w * atX * (1 - bounded), y: box.y + box.h * atY * (1 - bounded), w: box.w * bounded, h: box.h * bounded});
}

function movePlan(dx, dy) {
  const {box} = planView;
  planView.moved = true;
  return setPlanBox({...box, x: box.x + dx * box.w, y: box.y + dy * box.h});
}

// All of it; `top`: its first part at a size that can be read.
function fitPlan(width, top) {
  const {graph} = planView;
  const across = (graph.width + 20) / width;
  const height = Math.max(GRAPH.least, Math.min(GRAPH.most, (graph.height + 20) / Math.max(1, Math.min(across, 1 / GRAPH.smallest))));
  const scale = Math.max(across, (graph.height + 20) / height, 0.9);
  byId("plan-picture").setAttribute("height", height);
  planView.fit = {w: scale * width, h: scale * height};
  planView.moved = !top;
  const used = top ? Math.min(scale, 1 / GRAPH.smallest) : scale;
  const x = used < across ? graph.nodes[0].x - used * width / 2 : (graph.width - used * width) / 2;
  setPlanBox({x, y: used < scale ? -10 : (graph.height - used * height) / 2, w: used * width, h: used * height});
}

function watchPlan(picture) {
  const keys = {ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1]};
  const at = (x, y) => {
    const box = picture.getBoundingClientRect();
    return [(x - box.left) / box.width, (y - box.top) / box.height];
  };
  onWheelZoom(picture, (factor, event) => zoomPlan(factor, ...at(event.clientX, event.clientY)));
  onDrag(picture, (dx, dy) => {
    hideTip();
    movePlan(-dx / picture.clientWidth, -dy / picture.clientHeight);
  }, (factor, x, y) => zoomPlan(factor, ...at(x, y)));
  picture.addEventListener("dblclick", () => fitPlan(picture.clientWidth, false));
  picture.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (keys[event.key]) movePlan(...keys[event.key]);
    else if (event.key === "+" || event.key === "=") zoomPlan(0.7);
    else if (event.key === "-") zoomPlan(1 / 0.7);
    else if (event.key === "0" || event.key === "Home") fitPlan(picture.clientWidth, false);
    else return;
    event.preventDefault();
  });
}

/* ---- the picture and the table ---- */

function drawPlan() {
  const {graph} = planView;
  if (!graph) return;
  const arrow = svg("marker", {id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse"},
    svg("path", {d: "M0,0L8,4L0,8Z", style: {fill: "var(--soft)"}}));
  byId("plan-picture").replaceChildren(svg("defs", {}, arrow), ...graph.edges.map(edgeShape), ...graph.nodes.map(nodeShape));
}

function stepsTable(plan) {
  const head = ["step", "op", "routine", "global", "local", "FLOP", "bytes"];
  return el("details", {}, el("summary", {text: `Its ${countText(plan.steps.length)} steps as a table`}),
    el("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": "Steps of the plan"}, el("table", {},
      el("thead", {}, el("tr", {}, head.map((text, i) => el("th", {scope: "col", class: i === 1 || i === 2 ? "name" : null, text})))),
      el("tbody", {}, plan.steps.map((step, i) => el("tr", {}, el("td", {text: i}), el("td", {class: "name", text: step.op}),
        el("td", {class: "code", text: step.routine}), el("td", {text: sizesText(step.global)}), el("td", {text: sizesText(step.local)}),
        el("td", {text: step.flops > 0 ? countText(step.flops) : "–"}), el("td", {text: step.bytes > 0 ? countText(step.bytes) : "–"})))))));
}

function showPlan(plan) {
  planView.plan = plan;
  planView.lit = -1;
  planView.graph = plan.nodes && plan.nodes.length > 0 ? layOutPlan(plan) : null;
  byId("plan-steps").replaceChildren(plan.steps && plan.steps.length > 0 ? stepsTable(plan) : "");
  byId("plan-facts").textContent = `${countText((plan.nodes || []).length)} nodes, ${countText((plan.steps || []).length)} steps, ${bytesText(plan.bytes)} of memory at batch ${plan.batch}`;
  const holder = byId("plan-graph");
  if (!planView.graph) {
    holder.replaceChildren(note("This plan has no graph."));
    return;
  }
  const picture = svg("svg", {id: "plan-picture", class: "viewport", tabindex: 0, role: "application",
    "aria-label": "Graph of the plan. Arrow keys move, plus and minus zoom, 0 shows all. Its steps are in the table below."});
  holder.replaceChildren(picture);
  watchPlan(picture);
  fitPlan(Math.max(1, holder.clientWidth), true);
  drawPlan();
}

function startPlan() {
  const controls = byId("plan-controls");
  if (data.plans.length === 0) {
    byId("plan-graph").replaceChildren(note("No plan was recorded with this profile."));
    return;
  }
  const button = (text, label, act) => el("button", {type: "button", "aria-label": label, title: label, text, onclick: () => planView.graph && act()});
  const width = () => byId("plan-graph").clientWidth;
  controls.append(planSelect("Plan", data.plans, showPlan) || "", button("+", "Zoom in", () => zoomPlan(0.7)), button("−", "Zoom out", () => zoomPlan(1 / 0.7)),
    button("Fit", "Show all", () => fitPlan(width(), false)), el("span", {id: "plan-facts", class: "hint"}));
  showPlan(data.plans[0]);
  whenChanged(drawPlan);
  // Another width does not take from the reader what was moved into sight.
  whenSized(byId("plan-graph"), (now) => planView.graph && !planView.moved && fitPlan(now, true));
}
