// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// The access log: who did or looked at what, and whether the log is whole.
import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { get, remember, useList } from './api.js';
import { Empty, Export, Filter, Loaded, More, Table, Time, Wrong, number, short } from './ui.js';

const columns = [{ head: 'When', cell: (a) => html`<${Time} ns=${a.t_ns} />` }, { head: 'Who', cell: (a) => html`<strong>${a.who}</strong>` }, { head: 'Did', cell: (a) => String(a.act).replaceAll('_', ' ') }, { head: 'To', cell: (a) => a.what },
  { head: 'Which', cell: (a) => html`<span class="mono" title=${a.ref}>${short(a.ref, 24)}</span>` }, { head: 'Why', cell: (a) => a.why }, { head: 'Entry', n: true, cell: (a) => number(a.id) }];

function Check() {
  const [state, set] = useState({});
  const run = async () => { try { set({ value: await get('/access/check') }); } catch (error) { set({ error }); } };
  return html`<div class="row"><button onClick=${run}>Check the chain</button>${state.value && html`<span class="tag ${state.value.whole ? 'ok' : 'now'}" role="status">${state.value.whole ? `✓ all ${number(state.value.entries)} entries follow from each other` : `‼ ${state.value.what}`}</span>`}<${Wrong} error=${state.error} /></div>`;
}

export function Access({ query }) {
  const params = { who: query.get('who') ?? '', ref: query.get('ref') ?? '' };
  const list = useList('/access', params);
  return html`
    <div class="head"><h1>Access log</h1><${Export} name="access" path="/access" params=${params} /></div>
    <section class="card stack" aria-label="Access log">
      <div class="between"><div class="row" style=${{ flex: 1 }}><${Filter} query=${query} name="who" label="Who" hint="a user’s whole name" /><${Filter} query=${query} name="ref" label="Which" hint="a clip, trip or bundle, whole" /></div><${Check} /></div>
      <${Loaded} from=${list}>${() => (list.rows.length ? html`<${Table} label="Access log" columns=${columns} rows=${list.rows} key=${(a) => a.id} /><${More} list=${list} />`
        : html`<${Empty} title=${params.who || params.ref ? 'No entry fits' : 'Nothing was done yet'}>${params.who || params.ref ? html`<button class="link" onClick=${() => remember({ who: '', ref: '' })}>Show all entries</button>` : 'Every look at a clip and every change leaves an entry here.'}<//>`)}<//>
    </section>`;
}
