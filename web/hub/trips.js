// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// Trips, newest first; one of them opens in the player.
import { html } from 'htm/preact';
import { link, remember, useGet, useList } from './api.js';
import { Empty, Export, Filter, Loaded, More, Table, Time, Wrong, bytes, money, number, percent, plural, short } from './ui.js';
import { Player } from './player.js';

const columns = [
  { head: 'Trip', cell: (t) => html`<a class="name" href=${link('trips', t.cart, t.trip)}>${t.trip}</a>` },
  { head: 'Cart', cell: (t) => html`<a href=${link('carts', t.cart)}>${t.cart}</a>` },
  { head: 'Store', cell: (t) => t.store },
  { head: 'Ended', cell: (t) => html`<${Time} ns=${t.ended_ns} />` },
  { head: 'Minutes', n: true, cell: (t) => number((t.ended_ns - t.started_ns) / 6e10, 1) },
  { head: 'Items', n: true, cell: (t) => number(t.items) },
  { head: 'Asked', n: true, cell: (t) => number(t.asked) },
  { head: 'Corrected', n: true, cell: (t) => number(t.corrected) },
  { head: 'Right lines, estimated', n: true, cell: (t) => percent(t.accuracy, 0) },
  { head: 'Line p99, ms', n: true, cell: (t) => number(t.line_p99_ms) },
  { head: 'Total', n: true, cell: (t) => money(t.total_cents) },
  { head: 'Ran', cell: (t) => html`<span class="mono" title=${t.bundle ?? ''}>${short(t.bundle ?? '–', 12)}</span>` },
];

export function Trips({ query }) {
  const params = { q: query.get('q') ?? '', cart: query.get('cart') ?? '', store: query.get('store') ?? '' };
  const list = useList('/trips', params);
  const filtered = Object.values(params).some(Boolean);
  return html`
    <div class="head"><h1>Trips</h1><${Export} name="trips" path="/trips" params=${params} /></div>
    <section class="card stack" aria-label="Trips">
      <div class="row"><${Filter} query=${query} hint="trip, cart, store or bundle" /><${Filter} query=${query} name="cart" label="Cart" hint="all" /><${Filter} query=${query} name="store" label="Store" hint="all" /></div>
      <${Loaded} from=${list}>${() => (list.rows.length
        ? html`<p class="quiet small" role="status">${plural(list.rows.length, 'trip')}${list.more ? ' so far' : ''}, the last to arrive first.</p><${Table} label="Trips" columns=${columns} rows=${list.rows} key=${(t) => t.id} /><${More} list=${list} />`
        : filtered ? html`<${Empty} title="No trip fits">Take a letter away, or <button class="link" onClick=${() => remember({ q: '', cart: '', store: '' })}>show all trips</button><//>`
          : html`<${Empty} title="No trip has ended yet">Carts that joined tell of every trip when it ends.<//>`)}<//>
    </section>`;
}

function Clips({ cart, trip }) {
  const list = useList('/clips', { cart, trip });
  return html`<${Loaded} from=${list}>${() => (list.rows.length
    ? html`<${Table} label="Clips of this trip" rows=${list.rows} key=${(c) => c.sha256} columns=${[
      { head: 'Clip', cell: (c) => (c.state === 'here' ? html`<a class="name mono" href=${link('clips', c.sha256)}>${short(c.sha256, 12)}</a>` : html`<span class="mono">${short(c.sha256, 12)}</span>`) },
      { head: 'Seconds of the trip', cell: (c) => `${number(c.t0_s, 1)} to ${number(c.t1_s, 1)}` }, { head: 'Kept because', cell: (c) => c.trigger }, { head: 'Purpose', cell: (c) => c.purpose },
      { head: 'State', cell: (c) => c.state }, { head: 'Size', n: true, cell: (c) => bytes(c.bytes) }, { head: 'Kept until', cell: (c) => html`<${Time} ns=${c.expires_ns} />` }]} /><${More} list=${list} />`
    : html`<${Empty} title="No clips of this trip">Carts keep what their policy’s triggers catch.<//>`)}<//>`;
}

// Why there is no file: somebody deleted it (its receipt says who, when and why), or nobody handed it in.
function NoFile({ base }) {
  const answer = useGet(`${base}/receipt`, {}, { every: 0 }), said = answer.value?.receipt;
  if (said) return html`<div class="say"><strong>This trip’s file was deleted <${Time} ns=${said.at_ns} /> by ${said.who}.</strong>
    <span>Reason: ${said.why || 'none given'}. It was kept for ${said.purpose} (${bytes(said.bytes)}), and is not taken again. <a href=${`/api/v1${base}/receipt`} download="receipt.json">The signed receipt</a> says what else was changed by it.</span></div>`;
  if (answer.error && answer.error.status !== 404) return html`<${Wrong} error=${answer.error} />`;
  return answer.loading ? html`<p class="quiet" role="status">Looking for the trip’s file…</p>`
    : html`<div class="say"><strong>The hub does not hold this trip’s file.</strong><span>A cart sends clips, not whole trips. To look at all of it, hand the file in: <code>PUT /api/v1${base}/file?offset=0&size=BYTES</code>.</span></div>`;
}

export function Trip({ cart, trip, query }) {
  const base = `/trips/${encodeURIComponent(cart)}/${encodeURIComponent(trip)}`;
  const line = useGet(`${base}/timeline`, {}, { every: 0 });
  return html`
    <div class="head"><div><a class="crumb" href=${link('trips')}>‹ Trips</a><h1>${trip} <span class="quiet">of ${cart}</span></h1></div></div>
    ${line.error?.status === 404
      ? html`<${NoFile} base=${base} /><section class="card stack" aria-label="Clips"><h2>Its clips</h2><${Clips} cart=${cart} trip=${trip} /></section>`
      : html`<${Wrong} error=${line.error} />${line.value ? html`<${Player} base=${'/api/v1' + base} line=${line.value} query=${query} />` : !line.error && html`<p class="quiet" role="status">Reading the trip…</p>`}`}`;
}

// A clip is opened for a reason, which the access log keeps.
export function Clip({ sha256, query }) {
  const why = query.get('why') ?? '';
  const line = useGet(why ? `/clips/${sha256}/timeline` : null, { why }, { every: 0 });
  const open = (e) => { e.preventDefault(); remember({ why: new FormData(e.target).get('why').trim() }); };
  return html`
    <div class="head"><div><a class="crumb" href=${link('trips')}>‹ Trips</a><h1>Clip <span class="mono">${short(sha256, 16)}</span></h1></div></div>
    ${!why && html`<form class="card stack" onSubmit=${open}><p>A clip shows what a camera saw. Who looks and why goes into the access log before it opens.</p>
      <div class="field"><label for="why">Why do you look at it?</label><input id="why" name="why" required maxlength="200" /></div><div><button class="main">Open the clip</button></div></form>`}
    <${Wrong} error=${line.error} />${line.value && html`<${Player} base=${`/api/v1/clips/${sha256}`} line=${line.value} query=${query} />`}`;
}
