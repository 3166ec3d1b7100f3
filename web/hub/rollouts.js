// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// Rollouts as lanes: stages over time, the evidence that holds each gate, and two buttons that say first what will happen.
import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { link, send, useGet, useList } from './api.js';
import { Ask, Empty, Export, Loaded, More, State, Table, Time, Wrong, number, percent, plural, short } from './ui.js';

const RUNNING = 'running';
const bundleName = (r) => r.bundle?.name ?? r.bundle_name ?? short(typeof r.bundle === 'string' ? r.bundle : r.bundle?.sha256 ?? '', 12);
const sizeOf = (s) => (s.carts ? plural(s.carts, 'cart') : s.percent === 100 ? 'all' : `${number(s.percent)} %`);
const verdictTag = (v) => html`<span class="tag ${v === 'go on' ? 'ok' : v === 'stop' ? 'now' : ''}">${v === 'go on' ? '✓' : v === 'stop' ? '‼' : '…'} ${v}</span>`;
const sig = (v) => (v === null || v === undefined ? '–' : String(+Number(v).toPrecision(3)));
const ended = (r) => ['done', 'stopped', 'rolled_back'].includes(r.state);

function Stages({ r }) {
  const stages = r.stages ?? [];
  return html`<ol class="stages" aria-label="Stages">${stages.map((s, i) => {
    const here = r.state !== 'draft' && i === r.stage && r.state !== 'done', past = r.state === 'done' || (r.state !== 'draft' && i < r.stage);
    return html`<li class="stage ${past ? 'done' : here ? (ended(r) ? 'ended' : 'here') : ''}" aria-current=${here && !ended(r) ? 'step' : undefined}><strong>${sizeOf(s)}</strong>
      <span class="small">${past ? 'passed' : here ? (ended(r) ? r.state.replace('_', ' ') + ' here' : r.gate?.verdict ?? 'running') : 'waits'}</span>${s.since_ns || s.entered_ns ? html`<span class="small"><${Time} ns=${s.since_ns ?? s.entered_ns} /></span>` : ''}</li>`;
  })}</ol>`;
}

function Lane({ head }) {
  const from = useGet(`/rollouts/${head.id}`), r = from.value ?? head;
  return html`<section class="card lane" aria-label=${`Rollout ${head.name}`}><div class="stack"><a class="name" href=${link('rollouts', head.id)}><strong>${head.name || `rollout ${head.id}`}</strong></a><span class="quiet small">${bundleName(r)}</span><span><${State} state=${r.state} /></span></div>
    <div class="stack"><${Stages} r=${r} />${r.gate?.why ? html`<p class="small">${r.gate.verdict && verdictTag(r.gate.verdict)} ${r.gate.why}</p>` : ''}<${Wrong} error=${from.error} /></div></section>`;
}

export function Rollouts() {
  const list = useList('/rollouts', {});
  return html`
    <div class="head"><h1>Rollouts</h1><${Export} name="rollouts" path="/rollouts" params=${{}} rows=${list.rows} /></div>
    <${Loaded} from=${list}>${() => (list.rows.length ? html`<div class="stack">${list.rows.map((r) => html`<${Lane} head=${r} key=${r.id} />`)}</div><${More} list=${list} />`
      : html`<section class="card"><${Empty} title="Nothing was rolled out yet">Build and sign a bundle with <code>trundle ship build</code>, then <code>trundle ship publish</code> makes a rollout.<//></section>`)}<//>`;
}

// The lift of a guard with its interval against the margin: a bar about zero.
function Lift({ m }) {
  const lo = m.lo ?? m.lift?.lo, hi = m.hi ?? m.lift?.hi, lift = typeof m.lift === 'object' ? m.lift?.lift : m.lift, margin = m.margin;
  if (lift === null || lift === undefined) return html`<span class="quiet">not yet to be said</span>`;
  const reach = Math.max(0.01, Math.abs(lo), Math.abs(hi), margin ?? 0) * 1.1, at = (v) => `${50 + 50 * Math.max(-1, Math.min(1, v / reach))}%`;
  const text = `${lift > 0 ? '+' : ''}${percent(lift, 0)} (${percent(lo, 0)} to ${percent(hi, 0)}${margin === undefined ? '' : `, up to +${percent(margin, 0)} is put up with`})`;
  return html`<span class="row" title=${text}><span class="span" style=${{ inlineSize: '140px' }} aria-hidden="true"><i style=${{ left: at(lo), right: `calc(100% - ${at(hi)})` }}></i><b style=${{ left: at(lift) }}></b><b style=${{ left: '50%', background: 'var(--quiet)', inlineSize: '1px' }}></b>
    ${margin === undefined ? '' : html`<b style=${{ left: at(margin), background: 'var(--s2)', inlineSize: '2px' }}></b>`}</span><span>${text}</span></span>`;
}

function Gate({ gate }) {
  const metrics = gate.metrics ?? gate.metric ?? [];
  return html`<section class="card stack" aria-label="Gate"><h2 class="between">The gate now ${gate.verdict && verdictTag(gate.verdict)}</h2>${gate.why && html`<p>${gate.why}</p>`}
    ${metrics.length > 0 && html`<${Table} label="Guards" rows=${metrics} columns=${[{ head: 'Guard', cell: (m) => String(m.metric ?? m.name).replaceAll('_', ' ') }, { head: 'Old', n: true, cell: (m) => html`${sig(m.old_rate)} <span class="quiet small">n ${number(m.old_trips)}</span>` },
      { head: 'New', n: true, cell: (m) => html`${sig(m.new_rate)} <span class="quiet small">n ${number(m.new_trips)}</span>` }, { head: 'New against old, holds at all looks', cell: (m) => html`<${Lift} m=${m} />` },
      { head: 'Says', cell: (m) => html`${m.verdict && verdictTag(m.verdict)} <span class="quiet small">${m.why ?? ''}</span>` }]} />`}
    <dl class="facts">${gate.ratio && html`<dt>fair split</dt><dd>${gate.ratio.p === null ? 'too few to be said' : `p ${Number(gate.ratio.p).toPrecision(2)}, χ² ${number(gate.ratio.chi2, 2)}`}</dd>`}
      ${gate.silence && html`<dt>as many report</dt><dd>${gate.silence.p === null ? 'too few to be said' : `p ${Number(gate.silence.p).toPrecision(2)}`}</dd>`}
      ${gate.rollback_e !== undefined && html`<dt>carts that left by themselves</dt><dd>evidence ${number(gate.rollback_e, 2)}; stops at ${number(1 / (gate.alpha ?? 0.05))}</dd>`}</dl></section>`;
}

// What each button will do, from the rollout's own numbers.
function consequences(r, what) {
  const carts = r.carts && !Array.isArray(r.carts) ? r.carts : {}, has = carts.installed ?? carts.running ?? carts.assigned, given = carts.assigned ?? has;
  if (what === 'stop') return [`No further cart gets ${bundleName(r)}.`, has !== undefined ? `${plural(has, 'cart')} that ${has === 1 ? 'has' : 'have'} it keep${has === 1 ? 's' : ''} it.` : 'Carts that have it keep it.', 'It can still be rolled back afterwards, and not be started again.'];
  if (what === 'rollback') return [given !== undefined ? `${plural(given, 'cart')} go${given === 1 ? 'es' : ''} back to what ${given === 1 ? 'it' : 'they'} would run without this rollout.` : 'Every cart goes back to what it would run without this rollout.', 'Each does so between two trips; a cart without a network goes back when it next hears from the hub.', 'The rollout ends. Its evidence stays.'];
  const next = r.stages?.[r.state === 'draft' ? 0 : r.stage + 1];
  return [next ? `${bundleName(r)} goes to ${sizeOf(next)}.` : 'The rollout is done: the bundle stays where it is.', 'The gate goes on watching and stops it by itself when a guard says so.'];
}
const buttons = { advance: { verb: 'Next stage', title: 'Go to the next stage?' }, stop: { verb: 'Stop', title: 'Stop this rollout?' }, rollback: { verb: 'Roll back', title: 'Roll this back on every cart?' } };

export function Rollout({ id, can }) {
  const from = useGet(`/rollouts/${id}`), [asking, ask] = useState(null);
  return html`<${Loaded} from=${from}>${(r) => {
    const may = { advance: !ended(r), stop: !ended(r) && r.state !== 'draft', rollback: r.state !== 'draft' && r.state !== 'rolled_back' };
    return html`
    <div class="head"><div><a class="crumb" href=${link('rollouts')}>‹ Rollouts</a><h1>${r.name || `Rollout ${id}`} <span class="quiet">${bundleName(r)}</span></h1></div>
      <button disabled=${!can || !may.advance} onClick=${() => ask('advance')}>${r.state === 'draft' ? 'Start…' : 'Next stage…'}</button><button disabled=${!can || !may.stop} onClick=${() => ask('stop')}>Stop…</button><button disabled=${!can || !may.rollback} onClick=${() => ask('rollback')}>Roll back…</button></div>
    ${!can && html`<p class="quiet small">Operators start, stop and roll back.</p>`}
    <section class="card stack" aria-label="Stages"><p><${State} state=${r.state} /></p><${Stages} r=${r} /></section>
    ${r.gate && html`<${Gate} gate=${r.gate} />`}
    ${r.carts && !Array.isArray(r.carts) && html`<section class="card stack" aria-label="Carts"><h2>Carts</h2><dl class="facts">${Object.entries(r.carts).filter(([, v]) => typeof v === 'number').map(([k, v]) => html`<dt>${k.replace('_', ' ')}</dt><dd>${number(v)}</dd>`)}</dl></section>`}
    ${r.transitions?.length > 0 && html`<section class="card stack" aria-label="What happened"><h2>What happened</h2><${Table} label="Transitions" rows=${[...r.transitions].reverse()} columns=${[{ head: 'When', cell: (t) => html`<${Time} ns=${t.at_ns ?? t.t_ns} />` }, { head: 'From', cell: (t) => t.from ?? '' }, { head: 'To', cell: (t) => t.to ?? t.state ?? '' },
      { head: 'Who', cell: (t) => t.who }, { head: 'Why', cell: (t) => t.why }, { head: 'Evidence', cell: (t) => (t.evidence ? html`<details><summary>numbers at the gate</summary><pre>${JSON.stringify(t.evidence, null, 1)}</pre></details>` : '') }]} /></section>`}
    ${asking && html`<${Ask} title=${asking === 'advance' && r.state === 'draft' ? 'Start this rollout?' : buttons[asking].title} verb=${asking === 'advance' && r.state === 'draft' ? 'Start' : buttons[asking].verb} danger=${asking === 'rollback'} why="Why? It is kept with the rollout."
      act=${(why) => send('POST', `/rollouts/${id}/${asking}`, { why })} close=${(did) => { ask(null); if (did) from.again(); }}><ul class="stack">${consequences(r, asking).map((t) => html`<li>${t}</li>`)}</ul><//>`}`;
  }}<//>`;
}
