// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// What every page is made of: times, numbers with their doubt, filters, exports, dialogs, problems.
import { html } from 'htm/preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { all, remember } from './api.js';

/* ---- words for numbers ---- */

const day = new Intl.DateTimeFormat('en-GB', { day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit' });
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });
export const ms = (ns) => Number(ns) / 1e6;

export function ago(ns, now = Date.now()) {
  const s = Math.max(0, (now - ms(ns)) / 1000);
  return s < 60 ? 'just now' : s < 5400 ? `${Math.round(s / 60)} min ago` : s < 129600 ? `${Math.round(s / 3600)} h ago` : `${Math.round(s / 86400)} days ago`;
}
export const when = (ns) => (ns ? day.format(ms(ns)) : '');
export const Time = ({ ns, rel }) => (ns ? html`<time datetime=${new Date(ms(ns)).toISOString()} title=${full.format(ms(ns))}>${rel ? ago(ns) : when(ns)}</time>` : html`<span class="quiet">never</span>`);
export const number = (v, digits = 0) => (v === null || v === undefined || Number.isNaN(v) ? '–' : Number(v).toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits }));
export const percent = (v, digits = 1) => (v === null || v === undefined ? '–' : `${number(100 * v, digits)} %`);
export const money = (cents) => (cents === null || cents === undefined ? '–' : number(cents / 100, 2));
export const bytes = (n) => (n === null || n === undefined ? '–' : n < 1e6 ? `${number(n / 1e3)} kB` : n < 1e9 ? `${number(n / 1e6)} MB` : `${number(n / 1e9, 1)} GB`);
export const short = (text, n = 10) => (text && text.length > n + 2 ? text.slice(0, n) + '…' : text ?? '');
export const plural = (n, one, many = one + 's') => `${number(n)} ${n === 1 ? one : many}`;

// 95 % interval of a share (Wilson, JASA 22, 1927).
export function wilson(k, n) {
  if (!n) return null;
  const z = 1.96, p = Math.min(1, k / n), d = 1 + z * z / n, m = (p + z * z / (2 * n)) / d, h = z / d * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return { value: p, lo: Math.max(0, m - h), hi: Math.min(1, m + h), n };
}

// A share with its interval as text and as a bar from 0 to `top`.
export function Doubt({ of, per = 1, unit = '%', top = 1, noun = 'items', digits = 1 }) {
  if (!of) return html`<span class="quiet" title="too little was seen to say">too few</span>`;
  const f = (v) => number(v * per, digits), at = (v) => `${Math.max(0, Math.min(100, 100 * v / top))}%`;
  const text = `${f(of.value)} ${unit}, 95 % interval ${f(of.lo)} to ${f(of.hi)}, of ${number(of.n)} ${noun}`;
  return html`<span class="doubt" title=${text}>
    <span><span aria-hidden="true"><strong>${f(of.value)}</strong> ${unit}</span><span class="unseen">${text}</span></span>
    <span class="span" aria-hidden="true"><i style=${{ left: at(of.lo), right: `calc(100% - ${at(of.hi)})` }}></i><b style=${{ left: at(of.value) }}></b></span>
    <span class="of" aria-hidden="true">${f(of.lo)}–${f(of.hi)}, n ${number(of.n)}</span>
  </span>`;
}

/* ---- states ---- */

const tone = { ok: 'ok', good: 'ok', done: 'ok', attention: 'soon', silent: 'soon', open: 'soon', acknowledged: '', closed: '', running: 'ok' };
const sign = { ok: '✓', attention: '!', silent: '…', open: '!', acknowledged: '◐', closed: '✓', done: '✓', stopped: '■', rolled_back: '↩' };
export function State({ state, severity = 1 }) {
  const now = state === 'open' && severity >= 2;
  return html`<span class="tag ${now ? 'now' : tone[state] ?? ''}"><span aria-hidden="true">${now ? '‼' : sign[state] ?? '•'}</span>${String(state).replace('_', ' ')}${now && html`<span class="unseen">, needs a person now</span>`}</span>`;
}

export const Wrong = ({ error }) => error && html`<div class="say bad" role="alert"><strong>${error.what ?? String(error)}</strong>${error.where && html`<span class="small">${error.where}</span>`}<span>${error.hint || 'Try again; if it stays, the hub’s log says more.'}</span></div>`;
export const Empty = ({ title, children }) => html`<div class="empty"><strong>${title}</strong>${children}</div>`;

// What a page shows of something that is being read: the problem, the wait, or the thing.
export function Loaded({ from, children }) {
  return html`${from.error && html`<${Wrong} error=${from.error} />`}${from.value === undefined ? !from.error && html`<p class="quiet" role="status">Loading…</p>` : children(from.value)}`;
}

/* ---- filters that live in the address ---- */

export function Filter({ query, label = 'Filter', name = 'q', hint = '' }) {
  const [text, set] = useState(query.get(name) ?? '');
  const timer = useRef();
  useEffect(() => set(query.get(name) ?? ''), [query.get(name)]);
  const typed = (e) => {
    set(e.target.value);
    clearTimeout(timer.current);
    const value = e.target.value;
    timer.current = setTimeout(() => remember({ [name]: value }), 150);
  };
  return html`<div class="field filter"><label for=${'f-' + name}>${label}</label><input id=${'f-' + name} type="search" value=${text} onInput=${typed} placeholder=${hint} autocomplete="off" spellcheck=${false} /></div>`;
}

export function Choice({ query, name, label, options }) {
  return html`<div class="field"><label for=${'c-' + name}>${label}</label><select id=${'c-' + name} value=${query.get(name) ?? ''} onChange=${(e) => remember({ [name]: e.target.value })}>
    ${options.map(([value, text]) => html`<option value=${value} selected=${(query.get(name) ?? '') === value}>${text}</option>`)}</select></div>`;
}

/* ---- exports ---- */

// Spreadsheets run what begins like a formula: such a text gets a quote in front.
function cell(v) {
  const text = v === null || v === undefined ? '' : typeof v === 'object' ? JSON.stringify(v) : String(v);
  const safe = typeof v === 'string' && /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
export function csv(rows) {
  const keys = [...new Set(rows.flatMap(Object.keys))];
  return [keys.map(cell).join(','), ...rows.map((r) => keys.map((k) => cell(r[k])).join(','))].join('\r\n') + '\r\n';
}
export function save(name, type, text) {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(new Blob([text], { type }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}
export function Export({ name, path, params, rows }) {
  const [error, set] = useState(null);
  const run = async (kind) => {
    try {
      const list = rows ?? await all(path, params);
      set(null);
      kind === 'csv' ? save(name + '.csv', 'text/csv;charset=utf-8', csv(list)) : save(name + '.json', 'application/json', JSON.stringify(list, null, 1));
    } catch (e) { set(e); }
  };
  return html`<div class="row" role="group" aria-label="Export this list"><button onClick=${() => run('csv')}>CSV</button><button onClick=${() => run('json')}>JSON</button>${error && html`<${Wrong} error=${error} />`}</div>`;
}

/* ---- lists ---- */

// columns: [{ head, n (a number: to the end), cell(row) }]
export function Table({ label, columns, rows, key }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label + ', table'}><table><caption class="unseen">${label}</caption>
    <thead><tr>${columns.map((c) => html`<th scope="col" class=${c.n ? 'n' : ''}>${c.head}</th>`)}</tr></thead>
    <tbody>${rows.map((r) => html`<tr key=${key ? key(r) : undefined}>${columns.map((c) => html`<td class=${c.n ? 'n' : ''}>${c.cell(r)}</td>`)}</tr>`)}</tbody></table></div>`;
}
export function More({ list }) {
  const [busy, set] = useState(false);
  if (!list.more) return null;
  return html`<button disabled=${busy} onClick=${async () => { set(true); try { await list.more(); } finally { set(false); } }}>Show more</button>`;
}

/* ---- a dialog that says first what will happen ---- */

// `act(text)` does it; text is the reason, asked for when `why` is set.
export function Ask({ title, children, verb, danger, why, act, close }) {
  const box = useRef(), [text, set] = useState(''), [error, fail] = useState(null), [busy, work] = useState(false);
  useLayoutEffect(() => { box.current.showModal(); }, []);
  const go = async (e) => {
    e.preventDefault();
    work(true);
    try { await act(text.trim()); close(true); } catch (problem) { fail(problem); work(false); }
  };
  return html`<dialog ref=${box} onClose=${() => close(false)} aria-labelledby="ask-title"><form class="stack" onSubmit=${go}>
    <h2 id="ask-title">${title}</h2>${children}
    ${why && html`<div class="field"><label for="ask-why">${why}</label><textarea id="ask-why" required maxlength="400" value=${text} onInput=${(e) => set(e.target.value)}></textarea></div>`}
    <${Wrong} error=${error} />
    <div class="row" style=${{ justifyContent: 'flex-end' }}><button type="button" onClick=${() => box.current.close()}>Leave it as it is</button>
      <button class=${danger ? 'danger' : 'main'} disabled=${busy || (why && !text.trim())}>${verb}</button></div>
  </form></dialog>`;
}
