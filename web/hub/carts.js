// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// Carts and their health; one cart with its streams.
import { html } from 'htm/preact';
import { useMemo } from 'preact/hooks';
import { link, remember, useGet, useList } from './api.js';
import { Chart } from './chart.js';
import { Choice, Doubt, Empty, Export, Filter, Loaded, More, State, Table, Time, Wrong, bytes, number, percent, plural, short, wilson } from './ui.js';

const per100 = (k, items) => items ? wilson(k, items) : null;
const stateOf = (s) => (s && typeof s === 'object' ? s.state : s);

// What is not as it should be, in words; nothing when all is well.
export function health(c) {
  const bad = [];
  (c.cameras ?? []).forEach((s, i) => { if (!['ok', 'off'].includes(stateOf(s))) bad.push(`camera ${i} ${stateOf(s)}`); });
  (c.cells ?? []).forEach((s, i) => { if (!['ok', 'off'].includes(stateOf(s))) bad.push(`cell ${i} ${stateOf(s)}`); });
  if (c.disk_free_bytes !== null && c.disk_free_bytes < 268435456) bad.push(`${bytes(c.disk_free_bytes)} of disk left`);
  if (c.battery !== null && c.battery < 0.1) bad.push(`battery ${percent(c.battery, 0)}`);
  if (c.temperature_c !== null && c.temperature_c > 85) bad.push(`${number(c.temperature_c)} °C`);
  return bad;
}

const columns = [
  { head: 'Cart', cell: (c) => html`<a class="name" href=${link('carts', c.cart)}>${c.cart}</a>` },
  { head: 'Store', cell: (c) => c.store },
  { head: 'State', cell: (c) => html`<${State} state=${c.state} severity=${c.severity} />` },
  { head: 'Heard', cell: (c) => html`<${Time} ns=${c.seen_ns} rel />` },
  { head: 'Runs', cell: (c) => (c.bundle ? html`<span class="mono" title=${c.bundle}>${short(c.bundle, 12)}</span>${c.slot && html`<div class="quiet small">slot ${c.slot}</div>`}` : html`<span class="quiet">–</span>`) },
  { head: 'Corrected per 100 items, 7 days', cell: (c) => html`<${Doubt} of=${per100(c.corrected, c.items)} per=${100} unit="" top=${0.2} />` },
  { head: 'Right lines, estimated, 7 days', cell: (c) => html`<${Doubt} of=${c.accuracy} per=${100} noun="lines" digits=${0} />` },
  { head: 'Health', cell: (c) => { const bad = health(c); return bad.length ? html`<span class="tag soon">${bad.join(', ')}</span>` : html`<span class="quiet">${c.health_ns ? 'as it should be' : 'no report yet'}</span>`; } },
];

export function Carts({ query }) {
  const params = { q: query.get('q') ?? '', state: query.get('state') ?? '', store: query.get('store') ?? '' };
  const list = useList('/carts', params);
  const filtered = Object.values(params).some(Boolean);
  return html`
    <div class="head"><h1>Carts</h1><${Export} name="carts" path="/carts" params=${params} /></div>
    <section class="card stack" aria-label="Carts">
      <div class="row"><${Filter} query=${query} hint="cart, store or bundle" /><${Choice} query=${query} name="state" label="State" options=${[['', 'all'], ['ok', 'ok'], ['attention', 'attention'], ['silent', 'silent']]} />
        <${Filter} query=${query} name="store" label="Store" hint="all" /></div>
      <${Loaded} from=${list}>${() => (list.rows.length
        ? html`<p class="quiet small" role="status">${plural(list.rows.length, 'cart')}${list.more ? ' so far' : ''}. Shares are of the last 7 days, with 95 % intervals; “right lines” is estimated from what carts believed, nobody labelled anything.</p>
          <${Table} label="Carts" columns=${columns} rows=${list.rows} key=${(c) => c.cart} /><${More} list=${list} />`
        : filtered ? html`<${Empty} title="No cart fits">Take a letter away, or <button class="link" onClick=${() => remember({ q: '', state: '', store: '' })}>show all carts</button><//>`
          : html`<${Empty} title="No cart has joined yet">Make a code with <code>trundle hub invite --store STORE</code>, then on the cart: <code>trundle cart join HUB</code><//>`)}<//>
    </section>`;
}

function Stream({ cart, name }) {
  const from = useGet('/drift', { cart, name, limit: 500 });
  return html`<${Loaded} from=${from}>${(d) => html`<${Points} d=${d} />`}<//>`;
}

function Points({ d }) {
  const { x, mean, up, down } = useMemo(() => ({ x: d.points.map((p) => p.t_ns / 1e9), mean: [{ label: d.name, tone: 's1', values: d.points.map((p) => p.mean), points: true }],
    sums: null, up: d.points.map((p) => p.up), down: d.points.map((p) => p.down) }), [d]);
  const sums = useMemo(() => [{ label: 'moved up', tone: 's2', values: up }, { label: 'moved down', tone: 's3', values: down }], [d]);
  const rows = [...d.points].reverse();
  return html`
    <h3>${d.name}, a number a trip</h3>
    <${Chart} label=${`${d.name} of ${d.who}, ${d.points.length} trips`} x=${x} series=${mean} height=${200} rows=${rows} columns=${[{ head: 'Ended', cell: (p) => html`<${Time} ns=${p.t_ns} />` }, { head: 'Trip', cell: (p) => p.trip },
      { head: 'Mean', n: true, cell: (p) => number(p.mean, 3) }, { head: 'sd', n: true, cell: (p) => number(p.sd, 3) }, { head: 'n', n: true, cell: (p) => number(p.n) },
      { head: 'Up', n: true, cell: (p) => number(p.up, 2) }, { head: 'Down', n: true, cell: (p) => number(p.down, 2) }]} />
    <h3>Has it moved?</h3>
    <${Chart} label=${`Sums of the drift test of ${d.name}; an alert opens over ${number(d.limit, 1)}`} x=${x} series=${sums} limit=${d.limit} height=${160} />
    <p class="quiet small">Each number is ranked among the stream’s own past; the sums grow while ranks keep to one side. Over the limit of ${number(d.limit, 1)} an alert opens: at ${number(d.trips_week)} trips a week,
      all streams of a ${d.scope} together give ${d.false_alarms_week} false alarms a week.</p>`;
}

const streamColumns = (query, cart) => [
  { head: 'Stream', cell: (s) => html`<a class="name" href=${`${link('carts', cart)}?stream=${encodeURIComponent(s.name)}`} aria-current=${query.get('stream') === s.name ? 'true' : undefined}>${s.name}</a>` },
  { head: 'Trips', n: true, cell: (s) => number(s.n) },
  { head: 'Mean', n: true, cell: (s) => number(s.mean, 2) },
  { head: 'Last', n: true, cell: (s) => number(s.last, 2) },
  { head: 'Moved', cell: (s) => (!s.tested ? html`<span class="quiet">not tested</span>` : s.alert ? html`<span class="tag soon">${s.up > s.down ? '▲ up' : '▼ down'}</span>` : html`<span class="quiet">no</span>`) },
];

export function Cart({ name, query }) {
  const one = useGet('/carts', { q: name, limit: 200 });
  const drift = useGet('/drift', { cart: name });
  const cart = one.value?.rows.find((c) => c.cart === name);
  const stream = query.get('stream') ?? drift.value?.rows?.find((s) => s.alert)?.name ?? drift.value?.rows?.[0]?.name;
  if (one.value && !cart) return html`<h1>There is no cart ${name}</h1><p><a href=${link('carts')}>All carts</a></p>`;
  return html`
    <div class="head"><div><a class="crumb" href=${link('carts')}>‹ Carts</a><h1>${name}</h1></div>
      <a class="button" href=${`${link('trips')}?cart=${encodeURIComponent(name)}`}>Its trips</a><a class="button" href=${`${link('alerts')}?q=${encodeURIComponent(name)}`}>Its alerts</a></div>
    <${Wrong} error=${one.error} />
    ${cart && html`<div class="cards">
      <section class="card stack" aria-label="State"><h2 class="between">State <${State} state=${cart.state} severity=${cart.severity} /></h2><dl class="facts">
        <dt>store</dt><dd>${cart.store || '–'}</dd><dt>heard</dt><dd><${Time} ns=${cart.seen_ns} rel /></dd><dt>runs</dt><dd class="mono">${cart.bundle ?? '–'}</dd><dt>slot</dt><dd>${cart.slot ?? '–'}</dd>
        <dt>open alerts</dt><dd>${number(cart.alerts)}</dd></dl></section>
      <section class="card stack" aria-label="Health"><h2>Health</h2><dl class="facts">
        <dt>cameras</dt><dd>${(cart.cameras ?? []).map(stateOf).join(', ') || '–'}</dd><dt>cells</dt><dd>${(cart.cells ?? []).map(stateOf).join(', ') || '–'}</dd><dt>battery</dt><dd>${percent(cart.battery, 0)}</dd>
        <dt>warm</dt><dd>${cart.temperature_c === null ? '–' : `${number(cart.temperature_c)} °C`}</dd><dt>disk left</dt><dd>${bytes(cart.disk_free_bytes)}</dd><dt>to be sent</dt><dd>${bytes(cart.outbox_bytes)}</dd></dl></section>
      <section class="card stack" aria-label="Last 7 days"><h2>Last 7 days</h2><dl class="facts">
        <dt>trips</dt><dd>${number(cart.trips)}</dd><dt>items</dt><dd>${number(cart.items)}</dd>
        <dt>corrected per 100</dt><dd><${Doubt} of=${per100(cart.corrected, cart.items)} per=${100} unit="" top=${0.2} /></dd>
        <dt>asked per 100</dt><dd><${Doubt} of=${per100(cart.asked, cart.items)} per=${100} unit="" top=${0.5} /></dd>
        <dt>right lines, estimated</dt><dd><${Doubt} of=${cart.accuracy} per=${100} noun="lines" digits=${0} /></dd></dl></section>
    </div>`}
    <section class="card stack" aria-label="Drift"><h2>Streams</h2>
      ${drift.error?.status === 404 ? html`<${Empty} title="No trip yet">Streams begin with the first trip that ends.<//>`
        : html`<${Loaded} from=${drift}>${(d) => html`<div class="beside"><div><${Table} label="Streams" columns=${streamColumns(query, name)} rows=${d.rows} key=${(s) => s.name} /></div><div class="stack">${stream && html`<${Stream} cart=${name} name=${stream} key=${stream} />`}</div></div>`}<//>`}
    </section>`;
}
