// SPDX-License-Identifier: Apache-2.0
// The first screen: what ran where, how long, and where the time went.
"use strict";

function fact(name, value, more) {
  return el("div", {}, el("dt", {text: name}),
    el("dd", {text: value}, more ? el("small", {text: more}) : null));
}

function facts() {
  const span = data.device_span_seconds;
  const gaps = data.gaps_seconds;
  const build = data.build;
  const list = [
    fact("Wall clock", secondsText(data.wall_seconds)),
    fact("Device, first begin to last end", secondsText(span),
      span > 0 && data.wall_seconds > 0 ? percentText(span / data.wall_seconds) + " of the wall clock" : null),
    fact("Gaps between commands", secondsText(gaps), span > 0 && known(gaps) ? percentText(gaps / span) + " of the span" : null),
    fact("Host in enqueue functions", secondsText(data.enqueue_seconds)),
    fact("Commands", countText(data.commands || 0),
      data.measured_commands < data.commands ? countText(data.measured_commands) + " measured" : null),
  ];
  if (build) {
    const parts = [`${countText(build.programs_compiled)} programs compiled`, `${countText(build.programs_loaded)} loaded`];
    if (known(build.first_launches)) {
      parts.push(`${countText(build.first_launches)} first launches ${secondsText(build.first_launch_seconds)}`);
    }
    list.push(fact("Building kernels", secondsText(build.build_seconds), parts.join(", ")));
  }
  return list;
}

// [name, seconds, colour] of the compute queue's span, largest group first, gaps last.
function parts() {
  const sum = grouping().groups.map(() => 0);
  data.kernels.forEach((kernel, i) => {
    if (kernel.queue !== "transfer") sum[grouping().of[i]] += kernel.total_seconds || 0;
  });
  const list = grouping().groups.map((group, i) => [group.name, sum[i], group.colour]).filter((part) => part[1] > 0);
  if (colourBy !== "phase") list.sort((a, b) => b[1] - a[1]);
  if (data.gaps_seconds > 0) list.push(["gaps", data.gaps_seconds, gapColour()]);
  return list;
}

function stackBar(list, whole, label, small) {
  return el("div", {class: small ? "stack small" : "stack", role: "img", "aria-label": label},
    list.map(([name, seconds, colour]) => {
      const share = seconds / whole;
      const text = `${name} ${percentText(share)}`;
      const piece = el("span", {style: {width: 100 * share + "%", background: colour, color: textOn(colour)}});
      if (!small && share * byId("where").clientWidth > textWidth(text) + 10) piece.textContent = text;
      return explain(piece, () => [name, [["time", secondsText(seconds)], ["share", percentText(share)]]]);
    }));
}

function drawWhere() {
  const where = byId("where");
  const list = parts();
  const sum = list.reduce((all, part) => all + part[1], 0);
  if (!(data.device_span_seconds > 0) || sum === 0) {
    where.replaceChildren(note(data.commands > 0 ? "Where the time went on the device is not measured: the driver gives no times that can be true."
      : "No command ran on the compute queue."));
    return;
  }
  // Partly unmeasured or overlapping, the parts need not add up to the span.
  const whole = Math.max(sum, data.device_span_seconds);
  const told = list.map(([name, seconds]) => `${name} ${percentText(seconds / whole)}`).join(", ");
  where.replaceChildren(stackBar(list, whole, "Where the time went: " + told),
    el("ul", {class: "legend"}, list.map(([name, seconds, colour]) =>
      el("li", {}, swatch(colour), shorten(name, 60), el("b", {text: secondsText(seconds)}), percentText(seconds / whole)))));
}

function startSummary() {
  byId("device").textContent = data.device;
  document.title = `Quern profile of ${shorten(data.device, 80)}`;
  byId("command").textContent = data.command || "";
  byId("command").hidden = !data.command;
  byId("facts").append(...facts());
  if (data.advice) {
    byId("advice").textContent = data.advice.text +
      (data.advice.estimated && !data.advice.text.includes("estimate") ? " (estimated)" : "");
    byId("advice").hidden = false;
  }
  byId("foot").textContent = `Made by Quern ${data.version || ""}. Times are the device's own, from OpenCL's event timestamps; ` +
    "the host's are of its monotonic clock.";
  whenChanged(whenSized(byId("where"), drawWhere));
}
