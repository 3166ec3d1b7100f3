// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// Rollouts as lanes: stages over time, the evidence that holds each gate, and buttons that say first what will happen.
import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { link, send, useGet, useList } from './api.js';
import { Ask, Empty, Export, Loaded, More, State, Table, Time, Wrong, number, percent, plural } from './ui.js';

const sig = (v) => (v === null || v === undefined ? '–' : String(+Number(v).toPrecision(3)));
const sizeOf = (s) => (s.carts ? plural(s.carts, 'cart') : s.stores ? plural(s.stores, 'store') : s.percent >= 100 ? 'all' : `${number(s.percent)} %`);
const over = (r) => ['done', 'stopped', 'rolled_back'].includes(r.state);
const name = (r) => r.name || `rollout ${r.id}`;
const stateOf = (r) => (r.state === 'stage' ? 'running' : r.state);
const place = (r, state, stage) => (state === 'stage' ? (r.stages[stage] ? sizeOf(r.stages[stage]) : `stage ${stage + 1}`) : state.replace('_', ' '));
function Verdict({ v }) {
  return html`<span class="tag ${v === 'go on' ? 'ok' : v === 'stop' ? 'now' : ''}"><span aria-hidden="true">${v === 'go on' ? '✓' : v === 'stop' ? '‼' : '…'}</span>${v}</span>`;
}

function Stages({ r }) {
  const since = (i) => r.transitions?.find((t) => t.to === 'stage' && t.to_stage === i)?.at_ns ?? (r.stage === i && r.state === 'stage' ? r.stage_ns : 0);
  return html`<ol class="stages" aria-label="Stages">${r.stages.map((s, i) => {
    const past = r.state === 'done' || i < r.stage, here = !past && i === r.stage, ended = here && over(r);
    return html`<li class="stage ${past ? 'done' : ended ? 'ended' : here ? 'here' : ''}" aria-current=${here && !ended ? 'step' : undefined}><strong>${sizeOf(s)}</strong>
      <span class="small">${past ? 'passed' : ended ? `${r.state.replace('_', ' ')} here` : here ? r.gate?.verdict ?? 'running' : `waits: ${number(s.trips)} trips a side, ${number(s.hours)} h`}</span>${since(i) ? html`<span class="small">since <${Time} ns=${since(i)} /></span>` : ''}</li>`;
  })}</ol>`;
}

function Lane({ head }) {
  const from = useGet(`/rollouts/${head.id}`), r = from.value ?? head, last = r.transitions?.at(-1);
  return html`<section class="card lane" aria-label=${`Rollout ${name(head)}`}><div class="stack"><h2><a class="name" href=${link('rollouts', head.id)}>${name(head)}</a></h2><span class="quiet small">${r.bundle.name}</span><span><${State} state=${stateOf(r)} /></span></div>
    <div class="stack"><${Stages} r=${r} />${r.gate ? html`<p class="small"><${Verdict} v=${r.gate.verdict} /> ${r.gate.why}</p>` : last ? html`<p class="small quiet">${place(r, last.to, last.to_stage)} by ${last.who}: ${last.why}</p>` : ''}<${Wrong} error=${from.error} /></div></section>`;
}

export function Rollouts() {
  const list = useList('/rollouts', {});
  return html`
    <div class="head"><h1>Rollouts</h1><${Export} name="rollouts" path="/rollouts" params=${{}} rows=${list.rows} /></div>
    <${Loaded} from=${list}>${() => (list.rows.length ? html`<div class="stack">${list.rows.map((r) => html`<${Lane} head=${r} key=${r.id} />`)}</div><${More} list=${list} />`
      : html`<section class="card"><${Empty} title="Nothing was rolled out yet">Build and sign a bundle with <code>trundle ship build</code>, then <code>trundle ship publish</code> makes a rollout.<//></section>`)}<//>`;
}

// The lift of a guard with its interval, about zero, and the harm that is put up with.
function Lift({ m }) {
  if (m.lift === null || m.lo === null) return html`<span class="quiet">not yet to be said</span>`;
  const reach = Math.max(0.01, Math.abs(m.lo), Math.abs(m.hi), m.margin) * 1.1, at = (v) => `${50 + 50 * Math.max(-1, Math.min(1, v / reach))}%`, sign = (v) => (v > 0 ? '+' : '') + percent(v, 0);
  return html`<span class="row" style=${{ flexWrap: 'nowrap' }}><span class="span" style=${{ inlineSize: '140px', flex: 'none' }} aria-hidden="true"><i style=${{ left: at(m.lo), right: `calc(100% - ${at(m.hi)})` }}></i><b style=${{ left: at(m.lift) }}></b>
    <b style=${{ left: '50%', background: 'var(--quiet)', inlineSize: '1px' }}></b><b style=${{ left: at(m.margin), background: 'var(--s2)', inlineSize: '2px' }}></b></span><span>${sign(m.lift)} <span class="quiet small">(${sign(m.lo)} to ${sign(m.hi)})</span></span></span>`;
}

function Guards({ gate, label }) {
  const c = gate.carts, b = gate.rollbacks;
  return html`<${Table} label=${label} rows=${gate.guards} key=${(m) => m.name} columns=${[{ head: 'Guard', cell: (m) => m.name.replaceAll('_', ' ') }, { head: 'Old', n: true, cell: (m) => html`${sig(m.old)} <span class="quiet small">n ${number(m.old_trips)}</span>` },
      { head: 'New', n: true, cell: (m) => html`${sig(m.new)} <span class="quiet small">n ${number(m.new_trips)}</span>` }, { head: 'New against old, holds at every look', cell: (m) => html`<${Lift} m=${m} />` },
      { head: 'Put up with', n: true, cell: (m) => `+${percent(m.margin, 0)}` }, { head: 'Says', cell: (m) => html`<${Verdict} v=${m.verdict} /> <span class="quiet small">${m.why}</span>` }]} />
    <dl class="facts"><dt>carts, new and old</dt><dd>${number(c.assigned_new)} and ${number(c.assigned_old)}; ${number(c.reporting_new)} and ${number(c.reporting_old)} report</dd>
      <dt>fair split</dt><dd>${c.ratio_p === null ? 'too few to be said' : `p ${sig(c.ratio_p)}, χ² ${sig(c.ratio_chi2)}`}</dd><dt>as many silent</dt><dd>${c.silence_p === null ? 'too few to be said' : `p ${sig(c.silence_p)}`}</dd>
      <dt>left by themselves</dt><dd>${number(b.rolled_back)} of ${number(b.installed)} carts; evidence ${sig(b.e)} against “at most ${percent(b.limit)}”, stops at ${number(1 / gate.alpha)}</dd></dl>
    <p class="quiet small">Chance that a bundle that is no worse is ever stopped: at most ${percent(gate.alpha, 0)}, however often one looks.</p>`;
}

/* ---- what each button will do, from the rollout's own numbers ---- */

const holding = (c) => c.fetched + c.installed + c.trial + c.good;
function consequences(r, what) {
  const c = r.counts, has = holding(c), bundle = r.bundle.name, next = r.stages[r.stage + 1];
  if (what === 'stop') return [`No further cart gets ${bundle}${c.ordered ? `; ${plural(c.ordered, 'cart')} that ${c.ordered === 1 ? 'was' : 'were'} told to fetch it will not` : ''}.`, `${plural(has, 'cart')} that ${has === 1 ? 'has' : 'have'} it keep${has === 1 ? 's' : ''} it.`, 'It cannot be started again. It can still be rolled back.'];
  if (what === 'rollback') return [`${plural(has, 'cart')} go${has === 1 ? 'es' : ''} back to what ${has === 1 ? 'it' : 'they'} would run without this rollout${c.ordered ? `, and ${plural(c.ordered, 'cart')} will not fetch it` : ''}.`, 'A cart goes back when it next hears from the hub, and between two trips.', 'The rollout ends. Its evidence stays.'];
  const notes = r.state === 'draft' ? [`${bundle} goes to ${sizeOf(r.stages[0])} first, ${r.stages.length} stages in all.`] : [next ? `${bundle} goes on from ${sizeOf(r.stages[r.stage])} to ${sizeOf(next)}.` : `The rollout is done: ${bundle} stays on all of its carts, and the gate stops looking.`];
  return [...notes, 'Until it is done the gate goes on watching, and rolls back by itself when a guard says stop.'];
}
const BUTTONS = { start: { path: 'advance', verb: 'Start', title: 'Start this rollout?' }, advance: { path: 'advance', verb: 'Next stage', title: 'Go to the next stage?' }, stop: { path: 'stop', verb: 'Stop', title: 'Stop this rollout?' },
  rollback: { path: 'rollback', verb: 'Roll back', title: 'Roll this back on every cart?', danger: true } };

function Question({ r, what, close }) {
  const [force, set] = useState(false), b = BUTTONS[what], early = what === 'advance' && r.gate?.verdict === 'not enough data';
  return html`<${Ask} title=${b.title} verb=${b.verb} danger=${b.danger} why="Why? It is kept with the rollout." act=${(why) => send('POST', `/rollouts/${r.id}/${b.path}`, early && force ? { why, force: true } : { why })} close=${close}>
    <ul class="stack">${consequences(r, what).map((t) => html`<li>${t}</li>`)}</ul>
    ${early && html`<div class="say soon"><span>The gate says: not enough data. ${r.gate.why}.</span><label class="row"><input type="checkbox" checked=${force} onChange=${(e) => set(e.target.checked)} /> Go on without it; that is noted</label></div>`}<//>`;
}

export function Rollout({ id, can }) {
  const from = useGet(`/rollouts/${id}`), [asking, ask] = useState(null);
  return html`<${Loaded} from=${from}>${(r) => {
    const first = r.state === 'draft' ? 'start' : 'advance';
    const may = { start: true, advance: r.state === 'stage' && r.gate?.verdict !== 'stop', stop: ['draft', 'stage'].includes(r.state), rollback: r.stage >= 0 && r.state !== 'rolled_back' };
    return html`
    <div class="head"><div><a class="crumb" href=${link('rollouts')}>‹ Rollouts</a><h1>${name(r)} <span class="quiet">${r.bundle.name}</span></h1></div>
      ${[first, 'stop', 'rollback'].map((what) => html`<button disabled=${!can || !may[what]} onClick=${() => ask(what)}>${BUTTONS[what].verb}…</button>`)}</div>
    ${!can && html`<p class="quiet small">Operators start, stop and roll back.</p>`}
    <section class="card stack" aria-label="Stages"><div class="row"><${State} state=${stateOf(r)} /><span class="quiet small">${r.by === 'store' ? 'by store' : 'by cart'}${r.stores?.length ? `, of ${r.stores.join(', ')}` : ', of all stores'} · ${r.auto ? 'goes on by itself when the gate says so' : 'waits for a person at each gate'} · made by ${r.by_whom}</span></div><${Stages} r=${r} /></section>
    ${r.gate && html`<section class="card stack" aria-label="Gate"><h2 class="between"><span>The gate <span class="quiet small">as of <${Time} ns=${r.gate.at_ns} /></span></span><${Verdict} v=${r.gate.verdict} /></h2><p>${r.gate.why}</p><${Guards} gate=${r.gate} label="Guards" /></section>`}
    <section class="card stack" aria-label="Carts"><h2>Carts</h2><p class="row">${Object.entries(r.counts).map(([k, n]) => html`<span class="tag">${k === 'control' ? 'without it' : k.replace('_', ' ')} ${number(n)}</span>`)}</p>
      <details><summary>Each cart</summary><${Table} label="Carts of this rollout" rows=${r.carts} key=${(c) => c.cart} columns=${[{ head: 'Cart', cell: (c) => html`<a class="name" href=${link('carts', c.cart)}>${c.cart}</a>` }, { head: 'Store', cell: (c) => c.store },
        { head: 'State', cell: (c) => (c.state === 'control' ? 'without it' : c.state.replace('_', ' ')) }]} /></details></section>
    ${r.transitions.length > 0 && html`<section class="card stack" aria-label="What happened"><h2>What happened</h2><ol class="story">${[...r.transitions].reverse().map((t) => html`<li><${Time} ns=${t.at_ns} /><span><span class="tag">${place(r, t.to, t.to_stage)}</span></span>
      <div><span>${t.who}: ${t.why}${t.forced ? html` <span class="tag soon">without enough data</span>` : ''}</span>${t.evidence ? html`<details><summary>The evidence at that gate</summary><${Guards} gate=${t.evidence} label=${`Guards at ${place(r, t.to, t.to_stage)}`} /></details>` : ''}</div></li>`)}</ol></section>`}
    ${asking && html`<${Question} r=${r} what=${asking} close=${(did) => { ask(null); if (did) from.again(); }} />`}`;
  }}<//>`;
}
