// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// A short text as a QR code (ISO/IEC 18004: byte mode, level M, versions 1 to 10, at most 213 bytes), drawn as SVG.

// Per version: error correction bytes of a block, then [blocks, data bytes of each].
const BLOCKS = [null, [10, [1, 16]], [16, [1, 28]], [26, [1, 44]], [18, [2, 32]], [24, [2, 43]], [16, [4, 27]], [18, [4, 31]],
  [22, [2, 38], [2, 39]], [22, [3, 36], [2, 37]], [26, [4, 43], [1, 44]]];

const EXP = new Uint8Array(510);
const LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i++, x = (x << 1) ^ (x & 128 ? 0x11d : 0)) { EXP[i] = EXP[i + 255] = x; LOG[x] = i; }
const multiply = (a, b) => (a && b ? EXP[LOG[a] + LOG[b]] : 0);

// Remainder of the block by the generator of degree n (Reed-Solomon over GF(256), 0x11d).
function correction(block, n) {
  let generator = [1];
  for (let i = 0; i < n; i++) {
    const next = new Array(generator.length + 1).fill(0);
    generator.forEach((g, j) => { next[j] ^= g; next[j + 1] ^= multiply(g, EXP[i]); });
    generator = next;
  }
  const rest = [...block, ...new Array(n).fill(0)];
  for (let i = 0; i < block.length; i++) {
    const lead = rest[i];
    if (lead) generator.forEach((g, j) => { rest[i + j] ^= multiply(g, lead); });
  }
  return rest.slice(block.length);
}

// All bytes in the order in which they are placed.
function codewords(bytes, version) {
  const [n, ...groups] = BLOCKS[version];
  const room = groups.reduce((sum, [count, size]) => sum + count * size, 0);
  const bits = [];
  const push = (value, length) => { for (let i = length - 1; i >= 0; i--) bits.push((value >> i) & 1); };
  push(4, 4);
  push(bytes.length, version < 10 ? 8 : 16);
  bytes.forEach((b) => push(b, 8));
  push(0, Math.min(4, room * 8 - bits.length));
  while (bits.length % 8) bits.push(0);
  const data = [];
  for (let i = 0; i < bits.length; i += 8) data.push(parseInt(bits.slice(i, i + 8).join(''), 2));
  for (let pad = 0xec; data.length < room; pad ^= 0xec ^ 0x11) data.push(pad);
  const blocks = [];
  let at = 0;
  for (const [count, size] of groups) for (let i = 0; i < count; i++) blocks.push(data.slice(at, (at += size)));
  const checks = blocks.map((block) => correction(block, n));
  const weave = (lists) => Array.from({ length: Math.max(...lists.map((l) => l.length)) }, (_, i) => lists.filter((l) => i < l.length).map((l) => l[i])).flat();
  return [...weave(blocks), ...weave(checks)];
}

function remainder(value, bits, generator, degree) {
  let rest = value << degree;
  for (let i = bits - 1; i >= 0; i--) if (rest & (1 << (i + degree))) rest ^= generator << i;
  return (value << degree) | rest;
}

const MASKS = [(x, y) => (x + y) % 2, (x, y) => y % 2, (x) => x % 3, (x, y) => (x + y) % 3, (x, y) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2,
  (x, y) => ((x * y) % 2) + ((x * y) % 3), (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2];

// The fixed patterns: module[y][x] is 0, 1 or null (free).
function frame(version) {
  const size = 17 + 4 * version;
  const module = Array.from({ length: size }, () => new Array(size).fill(null));
  const set = (x, y, on) => { if (x >= 0 && y >= 0 && x < size && y < size) module[y][x] = on ? 1 : 0; };
  const finder = (cx, cy) => {
    for (let y = -4; y <= 4; y++) for (let x = -4; x <= 4; x++) { const d = Math.max(Math.abs(x), Math.abs(y)); set(cx + x, cy + y, d !== 2 && d !== 4); }
  };
  finder(3, 3); finder(size - 4, 3); finder(3, size - 4);
  if (version > 1) {
    const last = size - 7;
    const centres = version < 7 ? [6, last] : [6, (6 + last) / 2, last];
    for (const cy of centres) for (const cx of centres) {
      if ((cx === 6 && cy === 6) || (cx === 6 && cy === last) || (cx === last && cy === 6)) continue;
      for (let y = -2; y <= 2; y++) for (let x = -2; x <= 2; x++) set(cx + x, cy + y, Math.max(Math.abs(x), Math.abs(y)) !== 1);
    }
  }
  for (let i = 8; i < size - 8; i++) { set(i, 6, i % 2 === 0); set(6, i, i % 2 === 0); }
  if (version >= 7) {
    const info = remainder(version, 6, 0x1f25, 12);
    for (let i = 0; i < 18; i++) { const a = size - 11 + (i % 3), b = Math.floor(i / 3); set(a, b, (info >> i) & 1); set(b, a, (info >> i) & 1); }
  }
  return { size, module, set };
}

function format({ size, set }, mask) {
  const info = remainder(mask, 5, 0x537, 10) ^ 0x5412; // level M is 00
  const bit = (i) => (info >> i) & 1;
  for (let i = 0; i <= 5; i++) set(8, i, bit(i));
  set(8, 7, bit(6)); set(8, 8, bit(7)); set(7, 8, bit(8));
  for (let i = 9; i < 15; i++) set(14 - i, 8, bit(i));
  for (let i = 0; i < 8; i++) set(size - 1 - i, 8, bit(i));
  for (let i = 8; i < 15; i++) set(8, size - 15 + i, bit(i));
  set(8, size - 8, 1);
}

function fill({ size, module }, words, mask) {
  let i = 0;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++) {
      const y = ((right + 1) & 2) === 0 ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (module[y][x] !== null) continue;
        const on = i < words.length * 8 ? (words[i >> 3] >> (7 - (i & 7))) & 1 : 0;
        i++;
        module[y][x] = on ^ (MASKS[mask](x, y) === 0 ? 1 : 0);
      }
    }
  }
}

// Long runs, solid squares, finder look-alikes, imbalance: what makes a code hard to read (section 7.8.3).
function penalty({ size, module }) {
  let sum = 0, dark = 0;
  for (const at of [(a, b) => module[a][b], (a, b) => module[b][a]]) {
    for (let a = 0; a < size; a++) {
      let line = '';
      for (let b = 0; b < size; b++) line += at(a, b);
      for (const run of line.match(/0{5,}|1{5,}/g) ?? []) sum += run.length - 2;
      for (let i = line.indexOf('1011101'); i >= 0; i = line.indexOf('1011101', i + 1))
        if (line.slice(Math.max(0, i - 4), i).padStart(4, '0') === '0000' || line.slice(i + 7, i + 11).padEnd(4, '0') === '0000') sum += 40;
    }
  }
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) {
    dark += module[y][x];
    if (x && y && module[y][x] === module[y][x - 1] && module[y][x] === module[y - 1][x] && module[y][x] === module[y - 1][x - 1]) sum += 3;
  }
  return sum + 10 * Math.floor(Math.abs(dark * 20 - size * size * 10) / (size * size));
}

// Rows of 0 and 1; null when the text is too long.
export function modules(text) {
  const bytes = new TextEncoder().encode(text);
  const version = BLOCKS.findIndex((row, v) => row && bytes.length + (v < 10 ? 2 : 3) <= row.slice(1).reduce((sum, [count, size]) => sum + count * size, 0));
  if (version < 1) return null;
  const words = codewords(bytes, version);
  let best = null;
  for (let mask = 0; mask < 8; mask++) {
    const code = frame(version);
    format(code, mask);
    fill(code, words, mask);
    const cost = penalty(code);
    if (!best || cost < best.cost) best = { cost, module: code.module };
  }
  return best.module;
}

export function qr(text) {
  const rows = modules(text);
  if (!rows) return document.createTextNode(text);
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  const path = document.createElementNS(ns, 'path');
  svg.setAttribute('viewBox', `-4 -4 ${rows.length + 8} ${rows.length + 8}`); // four modules of quiet zone
  svg.setAttribute('shape-rendering', 'crispEdges');
  path.setAttribute('d', rows.flatMap((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : ''))).join(''));
  svg.append(path);
  return svg;
}
