// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// The console: who is signed in, the frame around every page, and which page the address asks for.
import { render } from 'preact';
import { html } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';
import { get, link, onSignedOut, send, useGet, useRoute } from './api.js';
import { Access } from './access.js';
import { Alerts, Incident, Incidents } from './alerts.js';
import { Cart, Carts } from './carts.js';
import { Rollout, Rollouts } from './rollouts.js';
import { Clip, Trip, Trips } from './trips.js';
import { Wrong } from './ui.js';

const ICONS = {
  carts: 'M3 4h2l2 10h9l2-7H6 M9 18.5a1 1 0 1 0 .1 0 M15 18.5a1 1 0 1 0 .1 0', trips: 'M4 5h12v10H4z M8 8l4 2-4 2z', rollouts: 'M3 15h4v-4h4V7h6 M14 4l3 3-3 3', alerts: 'M10 3a5 5 0 0 1 5 5c0 4 1.5 5 1.5 6h-13C3.500 13 5 12 5 8a5 5 0 0 1 5-5z M8.500 17h3',
  leave: 'M8 4H4v12h4 M8 10h9 M14 7l3 3-3 3', access: 'M10 10a3 3 0 1 0-.1 0 M4 17c.5-4 11.500-4 12 0', theme: 'M10 4a6 6 0 1 0 0 12z M10 4a6 6 0 0 1 0 12',
};
const Icon = ({ name }) => html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d=${ICONS[name]} /></svg>`;

// [page, word, roles that may see it, further pages it stands for]
const PAGES = [['carts', 'Carts', 'engineer operator auditor admin'], ['trips', 'Trips', 'engineer auditor admin', 'clips'], ['rollouts', 'Rollouts', 'engineer operator auditor admin'], ['alerts', 'Alerts', 'operator auditor admin', 'incidents'],
  ['access', 'Access log', 'auditor admin']];
const may = (me, roles) => roles.split(' ').some((r) => me.roles.includes(r));

/* ---- light and dark ---- */

const THEMES = { auto: 'as the system', light: 'light', dark: 'dark' };
const stored = () => { try { return localStorage.getItem('theme'); } catch { return null; } };
function Theme() {
  const [theme, set] = useState(() => (stored() in THEMES ? stored() : 'auto'));
  useEffect(() => { document.documentElement.dataset.theme = theme; try { localStorage.setItem('theme', theme); } catch { /* a browser that keeps nothing */ } }, [theme]);
  const after = (t) => Object.keys(THEMES)[(Object.keys(THEMES).indexOf(t) + 1) % 3];
  return html`<button onClick=${() => set(after)} aria-label=${`Colours: ${THEMES[theme]}. Change to ${THEMES[after(theme)]}`} data-key="theme"><${Icon} name="theme" /><span class="long">${THEMES[theme]}</span></button>`;
}

/* ---- signing in ---- */

function SignIn({ done }) {
  const [error, fail] = useState(null), [busy, work] = useState(false);
  const enter = async (body) => {
    work(true);
    try { done(await send('POST', '/session', body)); } catch (problem) { fail(problem); }
    work(false);
  };
  useEffect(() => {
    const once = location.hash.match(/^#link=(.+)$/);
    if (!once) return;
    history.replaceState(null, '', '#/');
    enter({ link: decodeURIComponent(once[1]) });
  }, []);
  const submit = (e) => { e.preventDefault(); enter(Object.fromEntries(new FormData(e.target))); };
  return html`<div class="door"><form class="card" onSubmit=${submit}><div class="brand"><img src="/icon.svg" alt="" /><h1>Trundle hub</h1></div>
    <div class="field"><label for="name">Name</label><input id="name" name="name" autocomplete="username" autocapitalize="none" required autofocus /></div>
    <div class="field"><label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required /></div>
    <${Wrong} error=${error} /><button class="main" disabled=${busy}>Sign in</button>
    <p class="quiet small">First time? Open the one-time link that <code>trundle hub</code> printed, or that an administrator made for you.</p></form></div>`;
}

function Password({ me, done }) {
  const [error, fail] = useState(null);
  const submit = async (e) => {
    e.preventDefault();
    const { password, again } = Object.fromEntries(new FormData(e.target));
    if (password !== again) { fail({ what: 'The two are not the same.', hint: 'Type it again.' }); return; }
    try { await send('PUT', '/account/password', { password }); done(); } catch (problem) { fail(problem); }
  };
  return html`<div class="door"><form class="card" onSubmit=${submit}><h1>Choose a password</h1><p>You came by a one-time link, ${me.name}. With a password you can sign in again.</p><input type="hidden" name="username" autocomplete="username" value=${me.name} />
    <div class="field"><label for="password">Password</label><input id="password" name="password" type="password" autocomplete="new-password" minlength="10" required autofocus /></div>
    <div class="field"><label for="again">The same again</label><input id="again" name="again" type="password" autocomplete="new-password" required /></div>
    <${Wrong} error=${error} /><button class="main">Set password</button></form></div>`;
}

/* ---- the frame ---- */

function Rail({ me, here, leave }) {
  const alerts = useGet(may(me, 'operator auditor admin') ? '/alerts' : null, { state: 'open', limit: 200 }), open = alerts.value?.rows ?? [], now = open.filter((a) => a.severity >= 2).length;
  return html`<nav class="rail" aria-label="Pages"><div class="brand"><img src="/icon.svg" alt="" /><span>Trundle</span></div>
    ${PAGES.filter(([, , roles]) => may(me, roles)).map(([page, word, , also = '']) => html`<a href=${link(page)} aria-current=${here === page || also.split(' ').includes(here) ? 'page' : undefined} title=${word}><${Icon} name=${page} /><span class="word">${word}</span>
      ${page === 'alerts' && open.length > 0 && html`<span class="count row">${now > 0 && html`<span class="tag now">${now}<span class="unseen"> need a person now,</span></span>`}${open.length > now && html`<span class="tag soon">${open.length - now}${alerts.value.next ? '+' : ''}<span class="unseen"> want a look</span></span>`}</span>`}</a>`)}
    <div class="end"><div class="who"><strong>${me.name}</strong><div class="quiet small">${me.roles.join(', ')}</div></div><${Theme} /><button onClick=${leave} aria-label="Sign out"><${Icon} name="leave" /><span class="long">Sign out</span></button></div></nav>`;
}

function Page({ path, query, me }) {
  const [page = 'carts', a, b] = path, can = may(me, 'operator admin'), seen = PAGES.find(([name, , , also = '']) => name === page || also.split(' ').includes(page));
  if (!seen) return html`<h1>There is no such page</h1><p><a href=${link('carts')}>Carts</a></p>`;
  if (!may(me, seen[2])) return html`<h1>Your roles do not show you this</h1><p>It takes one of: ${seen[2].replaceAll(' ', ', ')}. An administrator gives them.</p>`;
  if (page === 'carts') return a ? html`<${Cart} name=${a} query=${query} key=${a} />` : html`<${Carts} query=${query} />`;
  if (page === 'trips') return a && b ? html`<${Trip} cart=${a} trip=${b} query=${query} key=${a + '/' + b} />` : html`<${Trips} query=${query} />`;
  if (page === 'clips') return html`<${Clip} sha256=${a ?? ''} query=${query} key=${a} />`;
  if (page === 'rollouts') return a ? html`<${Rollout} id=${a} can=${can} key=${a} />` : html`<${Rollouts} />`;
  if (page === 'alerts') return html`<${Alerts} query=${query} can=${can} />`;
  if (page === 'incidents') return a ? html`<${Incident} id=${a} can=${can} key=${a} />` : html`<${Incidents} query=${query} />`;
  return html`<${Access} query=${query} />`;
}

function Console() {
  const [me, set] = useState(undefined), [error, fail] = useState(null), { path, query } = useRoute();
  useEffect(() => {
    onSignedOut(() => set(null));
    if (location.hash.startsWith('#link=')) { set(null); return; }
    get('/session').then(set, (problem) => (problem.status === 401 || problem.status === 403 ? set(null) : fail(problem)));
  }, []);
  const where = path.join('/') || 'carts';
  useEffect(() => { document.title = `${where} · Trundle hub`; }, [where]);
  useEffect(() => { if (me) document.getElementById('page')?.focus({ preventScroll: true }); }, [where]);
  if (error && me === undefined) return html`<div class="door"><div class="card"><${Wrong} error=${error} /><button onClick=${() => location.reload()}>Try again</button></div></div>`;
  if (me === undefined) return html`<p class="door quiet" role="status">Loading…</p>`;
  if (!me) return html`<main><${SignIn} done=${set} /></main>`;
  if (me.password === false) return html`<main><${Password} me=${me} done=${() => set({ ...me, password: true })} /></main>`;
  const leave = async () => { try { await send('DELETE', '/session'); } finally { set(null); } };
  return html`<a class="skip" href="#page" onClick=${(e) => { e.preventDefault(); document.getElementById('page').focus(); }}>Skip to the page</a>
    <div class="frame"><${Rail} me=${me} here=${path[0] ?? 'carts'} leave=${leave} /><main id="page" tabindex="-1"><${Page} path=${path} query=${query} me=${me} /></main></div>`;
}

const root = document.getElementById('console');
root.replaceChildren();
render(html`<${Console} />`, root);
