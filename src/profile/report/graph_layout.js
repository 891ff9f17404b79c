// SPDX-License-Identifier: Apache-2.0
// Layered drawing of a graph (Sugiyama, Tagawa & Toda 1981): nodes by their longest path from the top,
// edges over several layers through points of their own, order within layers by barycenters, then
// places as near to the neighbours as the distances allow.
"use strict";

const SWEEPS = 12;

// nodes: {width, height, from: [indices of nodes before]}. Adds x, y (of the middle) to each node and
// gives {edges: [{from, to, points: [[x, y], ...]}], width, height}.
function layOutGraph(nodes, gapX, gapY) {
  const layers = assignLayers(nodes);
  const chains = addWaypoints(nodes, layers);
  orderLayers(layers);
  placeAcross(layers, gapX);
  const height = placeDown(layers, gapY);
  const all = layers.flat();
  const left = Math.min(...all.map((item) => item.x - item.width / 2));
  for (const item of all) item.x -= left;
  return {width: Math.max(...all.map((item) => item.x + item.width / 2)), height,
    edges: chains.map(({from, to, through}) => ({from, to, points: pathOf(from, through, to)}))};
}

// From the bottom of one node to the top of the other.
function pathOf(from, through, to) {
  const rims = (item) => [[item.x, item.y - item.height / 2], [item.x, item.y + item.height / 2]];
  return [rims(from)[1], ...through.flatMap(rims), rims(to)[0]];
}

function assignLayers(nodes) {
  const layers = [];
  for (const node of nodes) {
    node.layer = node.from.reduce((most, i) => Math.max(most, nodes[i].layer + 1), 0);
    (layers[node.layer] = layers[node.layer] || []).push(node);
    node.up = [];
    node.down = [];
  }
  // What nothing pulls up sinks to just above its first reader.
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    const readers = nodes.filter((other) => other.from.includes(i));
    const lowest = Math.min(...readers.map((other) => other.layer)) - 1;
    if (node.from.length > 0 || readers.length === 0 || lowest <= node.layer) continue;
    layers[node.layer].splice(layers[node.layer].indexOf(node), 1);
    layers[node.layer = lowest].push(node);
  }
  return layers.filter((layer) => layer.length > 0).map((layer, i) => {
    layer.forEach((node) => { node.layer = i; });
    return layer;
  });
}

function addWaypoints(nodes, layers) {
  const chains = [];
  const join = (above, below) => {
    above.down.push(below);
    below.up.push(above);
  };
  for (const node of nodes) {
    for (const i of new Set(node.from)) {
      const through = [];
      let last = nodes[i];
      for (let layer = nodes[i].layer + 1; layer < node.layer; layer++) {
        const point = {width: 6, height: 0, layer, up: [], down: [], waypoint: true};
        layers[layer].push(point);
        through.push(point);
        join(last, point);
        last = point;
      }
      join(last, node);
      chains.push({from: nodes[i], to: node, through});
    }
  }
  return chains;
}

function crossings(layers) {
  let count = 0;
  for (const layer of layers) {
    const ends = layer.flatMap((item) => item.down.map((below) => below.rank).sort((a, b) => a - b));
    for (let i = 0; i < ends.length; i++) for (let j = i + 1; j < ends.length; j++) if (ends[i] > ends[j]) count++;
  }
  return count;
}

function orderLayers(layers) {
  const number = (layer) => layer.forEach((item, i) => { item.rank = i; });
  const middle = (item, side) => item[side].length === 0 ? item.rank
    : item[side].reduce((sum, other) => sum + other.rank, 0) / item[side].length;
  layers.forEach(number);
  let best = layers.map((layer) => [...layer]);
  let least = crossings(layers);
  for (let sweep = 0; sweep < SWEEPS && least > 0; sweep++) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : [...layers].reverse()) {
      const side = down ? "up" : "down";
      layer.forEach((item) => { item.weight = middle(item, side); });
      layer.sort((a, b) => a.weight - b.weight);
      number(layer);
    }
    const now = crossings(layers);
    if (now < least) [least, best] = [now, layers.map((layer) => [...layer])];
  }
  best.forEach((layer, i) => {
    layers[i].splice(0, layers[i].length, ...layer);
    number(layers[i]);
  });
}

// Each layer in turn: the nearest places to those wished for that keep order and distances, which is
// isotonic regression (pool adjacent violators).
function placeAcross(layers, gap) {
  for (const layer of layers) {
    let x = 0;
    for (const item of layer) {
      item.x = x + item.width / 2;
      x += item.width + (item.waypoint ? gap / 2 : gap);
    }
  }
  const mean = (items) => items.reduce((sum, item) => sum + item.x, 0) / items.length;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const sides = sweep % 3 === 2 ? ["up", "down"] : [sweep % 3 === 0 ? "up" : "down"];
    for (const layer of sweep % 2 === 0 ? layers : [...layers].reverse()) {
      spread(layer, gap, (item) => {
        const near = sides.flatMap((side) => item[side]);
        return near.length > 0 ? mean(near) : item.x;
      });
    }
  }
}

function spread(layer, gap, wish) {
  const pools = [];
  let offset = 0;
  layer.forEach((item, i) => {
    if (i > 0) offset += (layer[i - 1].width + item.width) / 2 + (item.waypoint || layer[i - 1].waypoint ? gap / 2 : gap);
    item.offset = offset;
    // A straight long edge is worth more than a node in the middle of its neighbours.
    const weight = item.waypoint ? 3 : 1;
    let pool = {sum: weight * (wish(item) - offset), weight, items: [item]};
    while (pools.length > 0 && pools[pools.length - 1].sum / pools[pools.length - 1].weight > pool.sum / pool.weight) {
      const last = pools.pop();
      pool = {sum: last.sum + pool.sum, weight: last.weight + pool.weight, items: last.items.concat(pool.items)};
    }
    pools.push(pool);
  });
  for (const pool of pools) for (const item of pool.items) item.x = pool.sum / pool.weight + item.offset;
}

function placeDown(layers, gap) {
  let y = 0;
  for (const layer of layers) {
    const height = Math.max(...layer.map((item) => item.height));
    for (const item of layer) {
      item.y = y + height / 2;
      // Long edges go straight past the nodes of a layer and bend between layers only.
      if (item.waypoint) item.height = height;
    }
    y += height + gap;
  }
  return y - gap;
}
