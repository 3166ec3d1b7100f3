// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// Alerts, and the incidents that they belong to.
import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { get, link, remember, send, useGet, useList } from './api.js';
import { Ask, Choice, Empty, Export, Filter, Loaded, More, State, Table, Time, Wrong, ago, number, percent, plural, save } from './ui.js';

// What a button will do, said before it is done.
const acts = {
  acknowledge: { title: 'Acknowledge this alert?', verb: 'Acknowledge', text: 'It stays open under your name and goes quiet. It still closes by itself when its cause is gone.' },
  close: { title: 'Close this alert?', verb: 'Close', text: 'It is over. When its cause comes back, a new alert opens.' },
  rebase: { title: 'Take this as the new normal?', verb: 'Take as normal', text: 'The alert closes, and from now on the stream is compared with what comes from here on. The past stays in the chart. Its first trips can say nothing yet.' },
};

export function Buttons({ alert, can, done }) {
  const [asking, ask] = useState(null);
  if (alert.state === 'closed') return null;
  const list = [alert.state === 'open' && 'acknowledge', 'close', alert.kind === 'drift' && 'rebase'].filter(Boolean);
  return html`<span class="row">${list.map((name) => html`<button disabled=${!can} title=${can ? '' : 'operators may do this'} onClick=${() => ask(name)}>${acts[name].verb}<span class="unseen"> alert ${alert.id}</span></button>`)}
    ${asking && html`<${Ask} title=${acts[asking].title} verb=${acts[asking].verb} act=${() => send('POST', `/alerts/${alert.id}/${asking}`)} close=${(did) => { ask(null); if (did) done(); }}><p><strong>${alert.text}</strong></p><p>${acts[asking].text}</p><//>`}</span>`;
}

const columns = (can, again) => [
  { head: 'State', cell: (a) => html`<${State} state=${a.state} severity=${a.severity} />` },
  { head: 'What', cell: (a) => html`<strong>${a.text}</strong><div class="quiet small">${a.kind}${a.detail?.limit ? ` · ${a.detail.false_alarms_week} false alarms a week stated` : ''}${a.who ? ` · ${a.who}` : ''}</div>` },
  { head: 'Cart, store', cell: (a) => html`${a.cart ? html`<a href=${link('carts', a.cart)}>${a.cart}</a>` : html`<span class="quiet">whole store</span>`}<div class="quiet small">${a.store}</div>` },
  { head: 'Opened', cell: (a) => html`<${Time} ns=${a.opened_ns} />` },
  { head: 'Last', cell: (a) => html`<${Time} ns=${a.last_ns} rel /><div class="quiet small">${plural(a.count, 'time')}</div>` },
  { head: 'Incident', cell: (a) => html`<a href=${link('incidents', a.incident)}>${a.incident}</a>` },
  { head: html`<span class="unseen">Do</span>`, cell: (a) => html`<${Buttons} alert=${a} can=${can} done=${again} />` },
];

const Tabs = ({ here }) => html`<nav class="tabs" aria-label="Alerts and incidents">${[['alerts', 'Alerts'], ['incidents', 'Incidents']].map(([page, name]) => html`<a class="button" href=${link(page)} aria-current=${here === page ? 'page' : undefined}
  style=${here === page ? { background: 'var(--leaf-soft)', borderColor: 'var(--leaf)', color: 'var(--leaf)' } : {}}>${name}</a>`)}</nav>`;

export function Alerts({ query, can }) {
  const params = { q: query.get('q') ?? '', state: query.get('state') ?? '' };
  const list = useList('/alerts', params);
  return html`
    <div class="head"><h1>Alerts</h1><${Tabs} here="alerts" /><${Export} name="alerts" path="/alerts" params=${params} /></div>
    <section class="card stack" aria-label="Alerts">
      <div class="row"><${Filter} query=${query} hint="words, cart, store or kind" /><${Choice} query=${query} name="state" label="State" options=${[['', 'all'], ['open', 'open'], ['acknowledged', 'acknowledged'], ['closed', 'closed']]} /></div>
      <${Loaded} from=${list}>${() => (list.rows.length ? html`<${Table} label="Alerts" columns=${columns(can, list.again)} rows=${list.rows} key=${(a) => a.id} /><${More} list=${list} />`
        : params.q || params.state ? html`<${Empty} title="No alert fits"><button class="link" onClick=${() => remember({ q: '', state: '' })}>Show all alerts</button><//>` : html`<${Empty} title="No alerts">Carts, cells, cameras and streams are as they were.<//>`)}<//>
    </section>`;
}

export function Incidents({ query }) {
  const params = { q: query.get('q') ?? '', state: query.get('state') ?? '' };
  const list = useList('/incidents', params);
  const rows = [{ head: 'State', cell: (i) => html`<${State} state=${i.state} severity=${i.open ? i.severity : 1} />` }, { head: 'What', cell: (i) => html`<a class="name wrap" href=${link('incidents', i.id)}>${i.title}</a>` },
    { head: 'Cart, store', cell: (i) => `${i.cart || 'whole store'}${i.store ? `, ${i.store}` : ''}` }, { head: 'Opened', cell: (i) => html`<${Time} ns=${i.opened_ns} />` },
    { head: 'Closed', cell: (i) => (i.closed_ns ? html`<${Time} ns=${i.closed_ns} />` : html`<span class="quiet">–</span>`) }, { head: 'Alerts', n: true, cell: (i) => `${number(i.open)} open of ${number(i.alerts)}` }];
  return html`
    <div class="head"><h1>Incidents</h1><${Tabs} here="incidents" /><${Export} name="incidents" path="/incidents" params=${params} /></div>
    <section class="card stack" aria-label="Incidents">
      <div class="row"><${Filter} query=${query} hint="words, cart or store" /><${Choice} query=${query} name="state" label="State" options=${[['', 'all'], ['open', 'open'], ['closed', 'closed']]} /></div>
      <${Loaded} from=${list}>${() => (list.rows.length ? html`<${Table} label="Incidents" columns=${rows} rows=${list.rows} key=${(i) => i.id} /><${More} list=${list} />`
        : params.q || params.state ? html`<${Empty} title="No incident fits"><button class="link" onClick=${() => remember({ q: '', state: '' })}>Show all incidents</button><//>` : html`<${Empty} title="No incidents">The first alert opens one.<//>`)}<//>
    </section>`;
}

function Note({ incident, done }) {
  const [text, set] = useState(''), [error, fail] = useState(null);
  const add = async (e) => {
    e.preventDefault();
    try { await send('POST', `/incidents/${incident}/notes`, { text: text.trim() }); set(''); fail(null); done(); } catch (problem) { fail(problem); }
  };
  return html`<form class="stack" onSubmit=${add}><div class="field"><label for="note">Add a note to the time line</label><textarea id="note" maxlength="4000" value=${text} onInput=${(e) => set(e.target.value)} placeholder="What you saw, what you did"></textarea></div>
    <${Wrong} error=${error} /><div><button class="main" disabled=${!text.trim()}>Add note</button></div></form>`;
}

export function Incident({ id, can }) {
  const from = useGet(`/incidents/${id}`), [closing, close] = useState(false), [error, fail] = useState(null);
  const export_ = async () => {
    try { save(`incident-${id}.md`, 'text/markdown', await get(`/incidents/${id}/postmortem`)); fail(null); } catch (problem) { fail(problem); }
  };
  return html`<${Loaded} from=${from}>${(i) => {
    const open = i.alerts.filter((a) => a.state !== 'closed');
    return html`
    <div class="head"><div><a class="crumb" href=${link('incidents')}>‹ Incidents</a><h1>${i.title}</h1></div>
      <button onClick=${export_}>Postmortem (Markdown)</button>${i.state === 'open' && html`<button class="main" disabled=${!can || open.length > 0} onClick=${() => close(true)}>Close incident</button>`}</div>
    <${Wrong} error=${error} />
    <p class="row"><${State} state=${i.state} severity=${open.reduce((s, a) => Math.max(s, a.state === 'open' ? a.severity : 1), 1)} /> opened <${Time} ns=${i.opened_ns} />${i.closed_ns ? html`, closed <${Time} ns=${i.closed_ns} />` : ''} · ${i.cart ? html`<a href=${link('carts', i.cart)}>${i.cart}</a>` : 'whole store'}${i.store ? html`<span>store ${i.store}</span>` : ''}
      ${i.state === 'open' && open.length > 0 && html`<span class="quiet small">${plural(open.length, 'alert')} must close before the incident can</span>`}</p>
    <section class="card stack" aria-label="Alerts"><h2>Alerts</h2><${Table} label="Alerts of this incident" columns=${columns(can, from.again).filter((c) => c.head !== 'Incident')} rows=${i.alerts} key=${(a) => a.id} /></section>
    <section class="card stack" aria-label="Time line"><h2>Time line <span class="quiet small">from a week before: deploys, flags, drift, notes</span></h2><ol class="story">${i.line.map((e) => html`<li><${Time} ns=${e.t_ns} /><span><span class="tag">${e.kind}</span></span>
      <span>${e.text}${e.ref ? html` <span class="quiet small">${e.ref}</span>` : ''}${e.cart || e.who ? html`<span class="quiet small"> · ${[e.cart, e.who].filter(Boolean).join(', ')}</span>` : ''}</span></li>`)}</ol>${can && html`<${Note} incident=${id} done=${from.again} />`}</section>
    <section class="card stack" aria-label="Trips"><h2>Trips around it <span class="quiet small">lowest estimated accuracy first</span></h2>${i.trips.length ? html`<${Table} label="Trips" rows=${i.trips} key=${(t) => t.id} columns=${[{ head: 'Trip', cell: (t) => html`<a class="name" href=${link('trips', t.cart, t.trip)}>${t.trip}</a>` },
      { head: 'Cart', cell: (t) => t.cart }, { head: 'Ended', cell: (t) => html`<${Time} ns=${t.ended_ns} />` }, { head: 'Items', n: true, cell: (t) => number(t.items) }, { head: 'Corrected', n: true, cell: (t) => number(t.corrected) },
      { head: 'Right lines, estimated', n: true, cell: (t) => percent(t.accuracy, 0) }]} />` : html`<p class="quiet">No trip ended in this time.</p>`}</section>
    ${closing && html`<${Ask} title="Close this incident?" verb="Close incident" act=${() => send('POST', `/incidents/${id}/close`)} close=${(did) => { close(false); if (did) from.again(); }}>
      <p>It opened ${ago(i.opened_ns)}. All of its alerts are closed. Its time line and postmortem stay, and notes can still be added. A new alert of this cart or store will open a new incident.</p><//>`}`;
  }}<//>`;
}
