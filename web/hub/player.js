// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// The trip player: frames of all cameras, all lanes on one time line, the moment in words; a second mind's lanes beside.
import { html } from 'htm/preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { get, remember } from './api.js';
import { useTheme } from './chart.js';
import { GUTTER, altName, at, clock, heightOf, lanesOf, nameOf, paint, toneOf } from './lanes.js';
import { Table, Wrong, money, number, percent, plural } from './ui.js';

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
const typing = (e) => /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName) && e.target.type !== 'range';

// A frame of one camera at `now`. The next one is asked for when the last has come: a slow line skips frames and does not queue them.
function View({ base, camera, now }) {
  const n = Math.max(0, at(camera.t_s, now)), [shown, show] = useState(n), busy = useRef(false), wanted = useRef(n);
  wanted.current = n;
  useEffect(() => { if (!busy.current && wanted.current !== shown) { busy.current = true; show(wanted.current); } }, [n, shown]);
  const done = () => { busy.current = false; if (wanted.current !== shown) { busy.current = true; show(wanted.current); } };
  return html`<figure class="view"><img src=${`${base}/frames/${camera.camera}/${shown}`} alt=${`camera ${camera.camera} at ${clock(camera.t_s[shown] ?? 0)}`} onLoad=${done} onError=${done} />
    <figcaption>camera ${camera.camera} · frame ${shown + 1} of ${camera.t_s.length}</figcaption></figure>`;
}

// Moments that the keys jump between.
const stops = (list) => [...new Set(list.map((m) => m.t_s))].sort((a, b) => a - b);
const beyond = (list, t, way) => (way > 0 ? list.find((s) => s > t + 0.01) : list.findLast((s) => s < t - 0.01));

function usePlaying(duration) {
  const [now, set] = useState(0), [playing, play] = useState(false), [speed, quicken] = useState(1);
  useEffect(() => {
    if (!playing) return undefined;
    let last = performance.now(), timer;
    const step = (t) => {
      set((s) => Math.min(duration, s + (t - last) / 1000 * speed));
      last = t;
      timer = requestAnimationFrame(step);
    };
    timer = requestAnimationFrame(step);
    return () => cancelAnimationFrame(timer);
  }, [playing, speed, duration]);
  useEffect(() => { if (now >= duration) play(false); }, [now, duration]);
  return { now, set, playing, play, speed, quicken };
}

function Lanes({ line, other, now, view, setNow, setView }) {
  const canvas = useRef(), theme = useTheme(), [width, setWidth] = useState(0);
  const lanes = useMemo(() => lanesOf(line, other), [line, other]);
  useEffect(() => {
    const sized = new ResizeObserver(() => setWidth(canvas.current.parentElement.clientWidth));
    sized.observe(canvas.current.parentElement);
    return () => sized.disconnect();
  }, []);
  useEffect(() => { if (width) paint(canvas.current, lanes, { ...view, now, width }); }, [lanes, view, now, width, theme]);
  const time = (e) => view.from + (e.offsetX - GUTTER) / (width - GUTTER - 8) * (view.to - view.from);
  const drag = (e) => { if (e.buttons === 1 || e.type === 'pointerdown') { if (e.type === 'pointerdown') canvas.current.setPointerCapture(e.pointerId); setNow(time(e)); } };
  const wheel = (e) => { if (!e.ctrlKey) return; e.preventDefault(); setView(e.deltaY > 0 ? 1.25 : 0.8, time(e)); };
  return html`<div class="lanes"><canvas ref=${canvas} style=${{ height: `${heightOf(lanes)}px` }} role="img" aria-label=${`Lanes of the trip: ${lanes.map((l) => l.name).join(', ')}`} onPointerDown=${drag} onPointerMove=${drag} onWheel=${wheel}></canvas></div>`;
}

const decisionColumns = (line, jump) => [
  { head: 'At', cell: (d) => html`<button class="link" onClick=${() => jump(d.t_s)}>${clock(d.t_s)}</button>` },
  { head: 'Decision', cell: (d) => d.kind },
  { head: 'Product', cell: (d) => html`<span class="swatch" style=${{ background: `var(--${toneOf(d.product, '')})` }}></span>${nameOf(line, d.product)}` },
  { head: 'Count', n: true, cell: (d) => (d.weight_mg ? `${number(d.weight_mg / 1000)} g` : number(d.count)) },
  { head: 'p', n: true, cell: (d) => percent(d.p) },
  { head: 'Felt, g', n: true, cell: (d) => number(d.mass_g) },
  { head: 'Line', n: true, cell: (d) => money(d.line_cents) },
  { head: 'Total', n: true, cell: (d) => money(d.total_cents) },
];

function Moment({ line, title, now, jump }) {
  const belief = line.beliefs[at(line.beliefs, now, (b) => b.t_s)], k = at(line.decisions, now, (d) => d.t_s);
  const near = line.decisions.slice(Math.max(0, k - 3), k + 1).reverse();
  return html`<section class="card stack" aria-label=${`${title} at ${clock(now)}`}><h2>${title} <span class="quiet">at ${clock(now)}</span></h2>
    ${belief ? html`<${Table} label=${`${title}: belief`} rows=${belief.alternatives.slice(0, 5)} columns=${[{ head: `Event ${belief.event}, since ${clock(belief.t_s)}`, cell: (a) => html`<span class="swatch" style=${{ background: `var(--${toneOf(a.product, a.kind)})` }}></span>${altName(line, a)}` },
      { head: 'p', n: true, cell: (a) => percent(a.p) }]} />` : html`<p class="quiet">Nothing has happened yet.</p>`}
    ${near.length > 0 && html`<${Table} label=${`${title}: last decisions`} rows=${near} columns=${decisionColumns(line, jump).slice(0, 5)} />`}</section>`;
}

function Behind({ line, other, jump }) {
  return html`<details class="card"><summary>All of it as tables</summary><div class="stack">
    <h3>Decisions${other ? ' A' : ''}</h3><${Table} label="Decisions" rows=${line.decisions} columns=${decisionColumns(line, jump)} />
    ${other && html`<h3>Decisions B</h3><${Table} label="Decisions B" rows=${other.decisions} columns=${decisionColumns(other, jump)} />`}
    ${line.errors && html`<h3>Errors${other ? ' A' : ''}</h3><${ErrorTable} line=${line} jump=${jump} />`}${other?.errors && html`<h3>Errors B</h3><${ErrorTable} line=${other} jump=${jump} label="Errors B" />`}
    <h3>Codes</h3><${Table} label="Codes" rows=${line.codes} columns=${[{ head: 'At', cell: (c) => html`<button class="link" onClick=${() => jump(c.t_s)}>${clock(c.t_s)}</button>` }, { head: 'By', cell: (c) => c.source }, { head: 'Kind', cell: (c) => c.symbology }, { head: 'Text', cell: (c) => html`<span class="mono">${c.text}</span>` }]} />
    ${line.truth && html`<h3>What really happened</h3><${Table} label="Truth" rows=${line.truth.events} columns=${[{ head: 'At', cell: (e) => html`<button class="link" onClick=${() => jump(e.t_s)}>${clock(e.t_s)}</button>` }, { head: 'What', cell: (e) => e.kind },
      { head: 'Product', cell: (e) => nameOf(line, e.product) }, { head: 'Scanned', cell: (e) => (e.scanned ? 'yes' : 'no') }]} />`}
  </div></details>`;
}
const ErrorTable = ({ line, jump, label = 'Errors' }) => html`<${Table} label=${label} rows=${line.errors} columns=${[{ head: 'At', cell: (e) => html`<button class="link" onClick=${() => jump(e.t_s)}>${clock(e.t_s)}</button>` }, { head: 'Mistake', cell: (e) => `${e.mistake} ${e.kind}` },
  { head: 'Was', cell: (e) => (e.truth ? nameOf(line, e.truth) : '–') }, { head: 'Taken for', cell: (e) => (e.taken ? nameOf(line, e.taken) : '–') }, { head: 'Worth', n: true, cell: (e) => money(e.cents) }]} />`;

// B is another recording of the trip (cart/trip), or the same trip with a bundle's mind (bundle:NAME).
function useOther(base, against) {
  const [state, set] = useState({});
  useEffect(() => {
    if (!against) { set({}); return undefined; }
    const stop = new AbortController(), [cart, trip] = against.split('/');
    const path = against.startsWith('bundle:') ? [base.replace('/api/v1', '') + '/timeline', { model: against.slice(7) }] : [`/trips/${encodeURIComponent(cart)}/${encodeURIComponent(trip ?? '')}/timeline`, {}];
    set({ loading: true });
    get(...path, stop.signal).then((value) => set({ value }), (error) => { if (error.name !== 'AbortError') set({ error }); });
    return () => stop.abort();
  }, [base, against]);
  return state;
}

function Compare({ query, other }) {
  const set = (e) => { e.preventDefault(); remember({ with: new FormData(e.target).get('with').trim() }); };
  return html`<form class="row" onSubmit=${set}><label for="with">Compare with</label><input id="with" name="with" value=${query.get('with') ?? ''} placeholder="cart/trip, or bundle:NAME" key=${query.get('with') ?? ''} />
    <button>Compare</button>${query.get('with') && html`<button type="button" onClick=${() => remember({ with: '' })}>Only A</button>`}${other.loading && html`<span role="status" class="quiet">Reading B…</span>`}</form>`;
}

// How the two differ, counted.
function Differences({ line, other }) {
  const key = (d) => `${d.kind} ${d.product} ${d.count} ${Math.round(d.t_event_s)}`, adds = (l) => l.decisions.filter((d) => ['add', 'remove', 'ask', 'rescan'].includes(d.kind)).map(key);
  const a = new Set(adds(line)), b = new Set(adds(other)), onlyA = [...a].filter((k) => !b.has(k)).length, onlyB = [...b].filter((k) => !a.has(k)).length;
  return html`<p role="status">A and B agree on ${plural(a.size - onlyA, 'decision')}; ${onlyA} only A made, ${onlyB} only B.${line.errors && other.errors ? ` Errors: A ${line.errors.length}, B ${other.errors.length}.` : ''}</p>`;
}

export function Player({ base, line, query }) {
  const duration = Math.max(0.1, line.trip.duration_s), play = usePlaying(duration), { now } = play;
  const other = useOther(base, query.get('with') ?? ''), [view, setView] = useState({ from: 0, to: duration }), [copied, copy] = useState('');
  const errors = useMemo(() => stops([...(line.errors ?? []), ...(other.value?.errors ?? [])]), [line, other.value]), decisions = useMemo(() => stops(line.decisions), [line]);
  const here = useRef(now); // keys that come faster than the page is drawn go on from where the last one led
  here.current = now;
  const jump = (t) => { play.play(false); const to = Math.max(0, Math.min(duration, t)); here.current = to; play.set(to); remember({ t: to.toFixed(3) }); };
  const frames = line.cameras[0]?.t_s ?? line.cells.t_s;
  const step = (way) => { const k = at(frames, here.current + 1e-6); jump(frames[Math.max(0, Math.min(frames.length - 1, k + way))] ?? here.current); };
  const leap = (list, way) => jump(beyond(list, here.current, way) ?? here.current);
  const zoom = (factor, middle = now) => setView((v) => {
    const size = Math.max(2, Math.min(duration, (v.to - v.from) * factor)), share = (middle - v.from) / (v.to - v.from), from = Math.max(0, Math.min(duration - size, middle - share * size));
    return { from, to: from + size };
  });
  const act = { ' ': () => play.play(!play.playing), ArrowRight: () => step(1), ArrowLeft: () => step(-1), n: () => leap(decisions, 1), p: () => leap(decisions, -1), e: () => leap(errors, 1), E: () => leap(errors, -1), '+': () => zoom(0.5), '-': () => zoom(2) };
  useEffect(() => {
    const t = Math.min(duration, Math.max(0, Number(query.get('t') ?? 0) || 0));
    if (Math.abs(t - now) > 0.002) play.set(t);
  }, [line, query.get('t')]);
  useEffect(() => { if (now < view.from || now > view.to) setView((v) => { const size = v.to - v.from, from = Math.max(0, Math.min(duration - size, now - size / 4)); return { from, to: from + size }; }); }, [now]);
  useEffect(() => {
    const key = (e) => { if (!typing(e) && act[e.key] && !e.ctrlKey && !e.metaKey && !e.altKey && !(e.key === ' ' && e.target.tagName === 'BUTTON') && !document.querySelector('dialog[open]')) { e.preventDefault(); act[e.key](); } };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  });
  const share = async () => {
    remember({ t: now.toFixed(3) });
    try { await navigator.clipboard.writeText(location.href); copy('The address of this moment is copied.'); } catch { copy('The address of this moment is in the address bar.'); }
  };
  return html`<div class="player">
    <p class="quiet small">store ${line.trip.store || '–'} · ${clock(duration)} long · built ${line.trip.build || '–'}${line.trip.whole ? '' : ' · the file ends early; this is what is whole'}${line.cut.length ? ` · shortened: ${line.cut.join(', ')}` : ''}</p>
    ${line.cameras.length ? html`<div class="views">${line.cameras.map((c) => html`<${View} base=${base} camera=${c} now=${now} key=${c.camera} />`)}</div>` : html`<div class="say">This trip holds no pictures.</div>`}
    <div class="card stack">
      <div class="transport" role="group" aria-label="Playing">
        <button class="main" onClick=${act[' ']} aria-keyshortcuts="Space">${play.playing ? 'Pause' : 'Play'}</button>
        <button onClick=${act.ArrowLeft} aria-label="one frame back" aria-keyshortcuts="ArrowLeft">‹</button><button onClick=${act.ArrowRight} aria-label="one frame on" aria-keyshortcuts="ArrowRight">›</button>
        <span class="clock" aria-live="off">${clock(now)} / ${clock(duration)}</span>
        <input type="range" min="0" max=${duration} step="0.05" value=${now} aria-label="moment of the trip" aria-valuetext=${clock(now)} onInput=${(e) => { play.play(false); play.set(Number(e.target.value)); }} onChange=${() => remember({ t: now.toFixed(3) })} />
        <select aria-label="speed" value=${play.speed} onChange=${(e) => play.quicken(Number(e.target.value))}>${SPEEDS.map((s) => html`<option value=${s} selected=${s === play.speed}>${s} ×</option>`)}</select>
      </div>
      <div class="transport" role="group" aria-label="Jumping">
        <button onClick=${act.p} aria-keyshortcuts="p">‹ decision</button><button onClick=${act.n} aria-keyshortcuts="n">decision ›</button>
        <button onClick=${act.E} disabled=${!errors.length} aria-keyshortcuts="Shift+E">‹ error</button><button onClick=${act.e} disabled=${!errors.length} aria-keyshortcuts="e">error ›</button>
        <span class="quiet small">${line.errors ? plural(errors.length, 'error') : 'no truth in this trip, so no errors are known'}</span>
        <span class="row" style=${{ marginInlineStart: 'auto' }}><button onClick=${() => zoom(2)} aria-label="zoom out" aria-keyshortcuts="-">−</button><button onClick=${() => zoom(0.5)} aria-label="zoom in" aria-keyshortcuts="+">+</button><button onClick=${share}>Link to this moment</button></span>
      </div>
      <${Lanes} line=${line} other=${other.value} now=${now} view=${view} setNow=${(t) => { play.play(false); play.set(Math.max(0, Math.min(duration, t))); }} setView=${zoom} />
      <p class="quiet small" role="status">${copied}</p>
      <div class="between"><${Compare} query=${query} other=${other} /><span class="quiet small">Space plays · ← → frame · n p decision · e E error · + − zoom</span></div>
      <${Wrong} error=${other.error} />${other.value && html`<${Differences} line=${line} other=${other.value} />`}
    </div>
    <div class="moment"><${Moment} line=${line} title=${other.value ? 'What A believed' : 'What the cart believed'} now=${now} jump=${jump} />${other.value && html`<${Moment} line=${other.value} title="What B believed" now=${now} jump=${jump} />`}</div>
    <${Behind} line=${line} other=${other.value} jump=${jump} />
  </div>`;
}
