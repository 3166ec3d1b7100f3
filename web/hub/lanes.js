// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// The lanes of a trip on one canvas: cells, motion, codes, belief, decisions, truth, errors, over the same seconds. Draws, and knows nothing of the page.
import { colour } from './chart.js';

export const GUTTER = 104;
const AXIS = 22, GAP = 6;
const TONES = ['s1', 's2', 's3', 's4', 's5', 's6'];
const MARK = { add: '▲', remove: '▼', change: '●', ask: '?', rescan: '↻', withdraw: '✓', audit: '⚑', phase: '›', price: '€', weighing: '⚖', put: '▲', take: '▼', error: '✕' };

// The same product has the same colour on every lane and in every table.
export function toneOf(product, kind) {
  if (kind === 'nothing') return 's7';
  if (!product || product === '?') return 'line';
  let h = 0;
  for (const c of product) h = (h * 31 + c.charCodeAt(0)) >>> 0;
  return TONES[h % TONES.length];
}
export const nameOf = (line, product) => line.names[product] ?? (product === '?' ? 'unknown product' : product);
export const altName = (line, a) => (a.kind === 'nothing' ? 'nothing happened' : `${a.kind} ${a.count > 1 ? a.count + ' × ' : ''}${nameOf(line, a.product)}`);

export function lanesOf(line, other) {
  const lanes = [];
  const mind = (l, tag) => {
    lanes.push({ name: 'Belief' + tag, height: 62, kind: 'belief', line: l }, { name: 'Decisions' + tag, height: 30, kind: 'marks', line: l, items: l.decisions.filter((d) => d.kind !== 'phase' && d.kind !== 'price') });
    if (l.errors?.length) lanes.push({ name: 'Errors' + tag, height: 24, kind: 'errors', line: l, items: l.errors });
  };
  if (line.cells.t_s.length) lanes.push({ name: line.cells.unit === 'g' ? 'Cells, g' : 'Cells, counts', height: 96, kind: 'cells', line });
  if (line.imu.t_s.length) lanes.push({ name: 'Motion, m/s²', height: 34, kind: 'motion', line });
  if (line.codes.length) lanes.push({ name: 'Codes', height: 26, kind: 'codes', line, items: line.codes });
  mind(line, other ? ' A' : '');
  if (other) mind(other, ' B');
  if (line.truth) lanes.push({ name: 'Truth', height: 28, kind: 'marks', line, items: line.truth.events, truth: true });
  return lanes;
}
export const heightOf = (lanes) => lanes.reduce((sum, l) => sum + l.height + GAP, AXIS + GAP);

// First index whose value is > t, less one: what holds at t; -1 before the first.
export function at(list, t, key = (v) => v) {
  let lo = 0, hi = list.length;
  while (lo < hi) { const m = (lo + hi) >> 1; if (key(list[m]) <= t) lo = m + 1; else hi = m; }
  return lo - 1;
}

function curve(g, list, x, y, t, from, to) {
  g.beginPath();
  let pen = false;
  for (let i = Math.max(0, at(t, from)); i < t.length && t[i - 1 < 0 ? 0 : i - 1] <= to; i++) {
    if (list[i] === null) { pen = false; continue; }
    pen ? g.lineTo(x(t[i]), y(list[i])) : g.moveTo(x(t[i]), y(list[i]));
    pen = true;
  }
  g.stroke();
}

const clampText = (g, text, width) => {
  if (g.measureText(text).width <= width) return text;
  let n = text.length;
  while (n > 1 && g.measureText(text.slice(0, n) + '…').width > width) n--;
  return n > 2 ? text.slice(0, n) + '…' : '';
};

// Marks with as much of their words as there is room for before the next one.
function marks(g, lane, top, x, view, ink, label, tone) {
  const middle = top + lane.height / 2;
  let free = GUTTER;
  lane.items.forEach((m, i) => {
    const p = x(m.t_s);
    if (p < GUTTER || p > view.width) return;
    const next = lane.items[i + 1] ? x(lane.items[i + 1].t_s) : view.width;
    g.fillStyle = colour(tone(m));
    g.fillText(MARK[m.kind] ?? '•', p - 5, middle);
    const text = clampText(g, label(m), Math.min(next, view.width) - p - 16);
    if (text && p >= free) { g.fillStyle = ink; g.fillText(text, p + 8, middle); free = p + 8; }
  });
}

const draw = {
  cells(g, lane, top, x, view) {
    const c = lane.line.cells, [lo, hi] = c.range ??= usual(c.sum_g);
    const y = (v) => top + lane.height - 2 - Math.max(-0.05, Math.min(1.05, (v - lo) / (hi - lo))) * (lane.height - 6);
    g.fillStyle = colour('quiet');
    g.textAlign = 'end';
    g.fillText(Math.round(hi), GUTTER - 6, top + 8);
    g.fillText(Math.round(lo), GUTTER - 6, top + lane.height - 6);
    g.textAlign = 'start';
    g.lineWidth = 1;
    c.g.forEach((list, i) => { g.strokeStyle = colour(TONES[i]); curve(g, list, x, y, c.t_s, view.from, view.to); });
    g.lineWidth = 1.75;
    g.strokeStyle = colour('ink');
    curve(g, c.sum_g, x, y, c.t_s, view.from, view.to);
  },
  motion(g, lane, top, x, view) {
    const { t_s, jolt } = lane.line.imu, hi = Math.max(1, ...bounds(jolt));
    g.lineWidth = 1;
    g.strokeStyle = colour('s5');
    curve(g, jolt, x, (v) => top + lane.height - 1 - v / hi * (lane.height - 3), t_s, view.from, view.to);
  },
  codes(g, lane, top, x, view, ink) { marks(g, lane, top, x, view, ink, (c) => c.text, () => 's3'); },
  belief(g, lane, top, x, view) {
    const list = lane.line.beliefs;
    for (let i = Math.max(0, at(list, view.from, (b) => b.t_s)); i < list.length && list[i].t_s <= view.to; i++) {
      const b = list[i], end = Math.min(list[i + 1]?.t_s ?? view.to, b.t_s + 8), left = Math.max(GUTTER, x(b.t_s)), width = Math.max(2, Math.min(view.width, x(end)) - left - 0.5);
      let y = top + lane.height;
      g.fillStyle = colour('sunk');
      g.fillRect(left, top, width, lane.height);
      for (const a of b.alternatives) {
        const h = a.p * lane.height;
        g.fillStyle = colour(toneOf(a.product, a.kind));
        g.fillRect(left, y - h, width, h);
        y -= h;
      }
      const text = b.alternatives[0] && clampText(g, altName(lane.line, b.alternatives[0]), width - 10);
      if (text && b.alternatives[0].p * lane.height > 16) {
        g.font = '600 12px system-ui';
        g.fillStyle = colour('paper');
        g.fillText(text, left + 5, top + lane.height - 10);
        g.font = '12px system-ui';
      }
    }
  },
  marks(g, lane, top, x, view, ink) { marks(g, lane, top, x, view, ink, (m) => nameOf(lane.line, m.product), (m) => (m.kind === 'ask' || m.kind === 'rescan' || m.kind === 'audit' ? 'soon' : toneOf(m.product, ''))); },
  errors(g, lane, top, x, view, ink) { marks(g, { ...lane, items: lane.items.map((e) => ({ ...e, kind: 'error' })) }, top, x, view, ink, (e) => e.mistake, () => 's2'); },
};

function bounds(list) {
  let lo = Infinity, hi = -Infinity;
  for (const v of list) if (v !== null) { if (v < lo) lo = v; if (v > hi) hi = v; }
  return lo > hi ? [0] : [lo, hi];
}

// The range in which the load is nearly always: a kerb under the wheels is off the scale, and not the scale itself.
function usual(list) {
  const sorted = list.filter((v) => v !== null).sort((a, b) => a - b), part = (p) => sorted[Math.floor(p * (sorted.length - 1))] ?? 0;
  return [Math.min(0, part(0.005)), Math.max(1, part(0.995) * 1.1)];
}

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600];
export const clock = (s) => `${Math.floor(Math.max(0, s) / 60)}:${(Math.max(0, s) % 60).toFixed(1).padStart(4, '0')}`;

// view: { from, to (s), now (s), width (CSS px) }
export function paint(canvas, lanes, view) {
  const ratio = devicePixelRatio || 1, height = heightOf(lanes), g = canvas.getContext('2d');
  if (canvas.width !== Math.round(view.width * ratio) || canvas.height !== Math.round(height * ratio)) Object.assign(canvas, { width: Math.round(view.width * ratio), height: Math.round(height * ratio) });
  const x = (t) => GUTTER + (t - view.from) / (view.to - view.from) * (view.width - GUTTER - 8), ink = colour('ink');
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.fillStyle = colour('paper');
  g.fillRect(0, 0, view.width, height);
  Object.assign(g, { font: '12px system-ui', textBaseline: 'middle', lineJoin: 'round' });
  const step = STEPS.find((s) => s / (view.to - view.from) * (view.width - GUTTER) > 64) ?? 1200;
  for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
    g.fillStyle = colour('line');
    g.fillRect(Math.round(x(t)), 0, 1, height - AXIS);
    g.fillStyle = colour('quiet');
    g.fillText(clock(t), x(t) - 14, height - AXIS / 2);
  }
  let top = GAP;
  for (const lane of lanes) {
    g.fillStyle = colour('quiet');
    g.fillText(lane.name, 0, top + Math.min(lane.height / 2, 14));
    g.save();
    if (lane.kind !== 'cells') { g.beginPath(); g.rect(GUTTER - 6, top - 2, view.width - GUTTER + 6, lane.height + 4); g.clip(); }
    draw[lane.kind](g, lane, top, x, view, ink);
    g.restore();
    g.fillStyle = colour('line');
    g.fillRect(0, top + lane.height + GAP / 2, view.width, 1);
    top += lane.height + GAP;
  }
  const p = x(view.now);
  if (p >= GUTTER - 1 && p <= view.width) {
    g.fillStyle = colour('leaf');
    g.fillRect(p - 1, 0, 2, height - AXIS);
    g.beginPath();
    g.moveTo(p - 6, height - AXIS + 9); g.lineTo(p + 6, height - AXIS + 9); g.lineTo(p, height - AXIS); g.fill();
  }
}
