// SPDX-License-Identifier: Apache-2.0
// The commands of the timeline, unpacked into tracks. A track answers from sums over its commands, so
// that a picture costs as much as it is wide, however many commands there are.
"use strict";

// Column of differences to values; null stays (as NaN) and is no step.
function running(column) {
  const values = new Float64Array(column.length);
  let last = 0;
  for (let i = 0; i < column.length; i++) values[i] = known(column[i]) ? last += column[i] : NaN;
  return values;
}

// Commands in order of their begin. `order[i]` is the command's number in the file.
function makeTrack(name, begin, length, kernel, wanted) {
  let order = [];
  for (let i = 0; i < begin.length; i++) if (wanted(i) && !Number.isNaN(begin[i]) && known(length[i])) order.push(i);
  order.sort((a, b) => begin[a] - begin[b] || a - b);
  order = Uint32Array.from(order);
  const track = {name, order, count: order.length, begin: new Float64Array(order.length),
    end: new Float64Array(order.length), kernel: new Uint32Array(order.length), sums: null};
  order.forEach((command, i) => {
    track.begin[i] = begin[command];
    track.end[i] = begin[command] + length[command];
    track.kernel[i] = kernel[command];
  });
  return track;
}

// The first command whose begin is not before `time`.
function firstFrom(track, time) {
  let [low, high] = [0, track.count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (track.begin[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Commands that touch [from, to): first and one past last. In-order queues do not overlap, so only the
// one before may reach in.
function commandsIn(track, from, to) {
  let first = firstFrom(track, from);
  if (first > 0 && track.end[first - 1] > from) first--;
  return [first, firstFrom(track, to)];
}

// sums[g][i]: time of commands before i in group g; `of(kernel)` is the group, -1 none.
function groupSums(track, groups, of) {
  const sums = Array.from({length: groups}, () => new Float64Array(track.count + 1));
  const total = new Float64Array(groups);
  for (let i = 0; i < track.count; i++) {
    const group = of(track.kernel[i]);
    if (group >= 0) total[group] += track.end[i] - track.begin[i];
    for (let g = 0; g < groups; g++) sums[g][i + 1] = total[g];
  }
  return sums;
}

// Time in [from, to) by group, into `into`: whole commands by the sums, the two at the rims by hand.
function timeByGroup(track, sums, of, from, to, into) {
  const [first, end] = commandsIn(track, from, to);
  into.fill(0);
  if (first === end) return 0;
  for (let g = 0; g < sums.length; g++) into[g] = sums[g][end] - sums[g][first];
  const before = of(track.kernel[first]);
  if (before >= 0) into[before] -= Math.max(0, Math.min(from, track.end[first]) - track.begin[first]);
  const after = of(track.kernel[end - 1]);
  if (after >= 0) into[after] -= Math.max(0, track.end[end - 1] - Math.max(to, track.begin[end - 1]));
  return end - first;
}

// Calls and time in [from, to) by kernel.
function kernelsIn(track, from, to) {
  const found = new Map();
  const [first, end] = commandsIn(track, from, to);
  let busy = 0;
  for (let i = first; i < end; i++) {
    const time = Math.min(to, track.end[i]) - Math.max(from, track.begin[i]);
    const entry = found.get(track.kernel[i]) || {kernel: track.kernel[i], calls: 0, time: 0};
    entry.calls++;
    entry.time += time;
    busy += time;
    found.set(track.kernel[i], entry);
  }
  return {count: end - first, busy, kernels: [...found.values()].sort((a, b) => b.time - a.time)};
}

const timeline = (() => {
  const source = data.timeline && data.timeline.commands;
  if (!source || source.kernel.length + (data.timeline.spans || []).length === 0) return null;
  const kernel = source.kernel;
  const device = running(source.begin);
  const host = running(source.enqueue_begin);
  const onTransfer = (i) => data.kernels[kernel[i]].queue === "transfer";
  const made = {
    spans: data.timeline.spans || [],
    dropped: data.timeline.dropped || 0,
    source, device, host,
    enqueue: makeTrack("host, enqueue", host, source.enqueue_length, kernel, () => true),
    compute: makeTrack("compute queue", device, source.length, kernel, (i) => !onTransfer(i)),
    transfer: makeTrack("transfer queue", device, source.length, kernel, onTransfer),
  };
  made.tracks = [made.enqueue, made.compute, made.transfer];
  made.end = Math.max(1, 1e9 * (data.wall_seconds || 0), ...made.spans.map((span) => span.end),
    ...made.tracks.map((track) => track.count > 0 ? track.end[track.count - 1] : 0));
  return made;
})();

const hasCommandsOf = (kernel) => timeline !== null && timeline.source.kernel.includes(kernel);
