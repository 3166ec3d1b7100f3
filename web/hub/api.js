// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// The hub's API, and the address bar: state that others can be sent is in the part after '#'.
import { useEffect, useState } from 'preact/hooks';

// What the hub refused, in its own words: where, what, hint.
export class Problem extends Error {
  constructor(status, body) {
    super(body?.what ?? `the hub answered ${status}`);
    Object.assign(this, { status, where: body?.where ?? '', what: this.message, hint: body?.hint ?? '' });
  }
}

let signedOut = () => {};
export const onSignedOut = (f) => { signedOut = f; };

async function answer(response) {
  if (response.ok) return response.status === 204 ? null : response.headers.get('content-type')?.includes('json') ? response.json() : response.text();
  const body = await response.json().catch(() => null);
  if (response.status === 401 && !response.url.endsWith('/session')) signedOut();
  throw new Problem(response.status, body);
}

async function reach(path, options) {
  let response;
  try {
    response = await fetch('/api/v1' + path, { credentials: 'same-origin', ...options });
  } catch (e) {
    if (e.name === 'AbortError') throw e;
    throw new Problem(0, { what: 'The hub cannot be reached.', hint: 'Check the network; this page tries again by itself.' });
  }
  return answer(response);
}

export function address(path, params = {}) {
  const query = new URLSearchParams(Object.entries(params).filter(([, v]) => v !== '' && v !== null && v !== undefined)).toString();
  return query ? `${path}?${query}` : path;
}

export const get = (path, params, signal) => reach(address(path, params), { signal });
export const send = (method, path, body = {}) => reach(path, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

/* ---- where we are ---- */

function read() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  return { path: path.split('/').filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query ?? '') };
}

export function useRoute() {
  const [route, set] = useState(read);
  useEffect(() => {
    const changed = () => set(read());
    addEventListener('hashchange', changed);
    addEventListener('routechange', changed);
    return () => { removeEventListener('hashchange', changed); removeEventListener('routechange', changed); };
  }, []);
  return route;
}

export const link = (...path) => '#/' + path.map(encodeURIComponent).join('/');

// Puts values into the query of the address; '' takes one out. The browser's history keeps pages, not every letter that was typed.
export function remember(values) {
  const { path, query } = read();
  for (const [key, value] of Object.entries(values)) value === '' || value === null || value === undefined ? query.delete(key) : query.set(key, value);
  const text = query.toString();
  history.replaceState(null, '', link(...path) + (text ? `?${text}` : ''));
  dispatchEvent(new Event('routechange'));
}

/* ---- reading, again and again while somebody looks ---- */

const EVERY_MS = 15000;

export function useGet(path, params = {}, { every = EVERY_MS } = {}) {
  const [state, set] = useState({ loading: true });
  const [turn, again] = useState(0);
  const key = path && address(path, params);
  useEffect(() => {
    if (!key) return undefined;
    const stop = new AbortController();
    let timer;
    const run = async () => {
      try {
        if (!document.hidden || turn === 0) set({ value: await reach(key, { signal: stop.signal }), key });
      } catch (error) {
        if (error.name === 'AbortError') return;
        set((old) => ({ value: old.key === key ? old.value : undefined, key, error }));
      }
      if (every) timer = setTimeout(run, every);
    };
    set((old) => (old.key === key ? old : { loading: true, key }));
    run();
    return () => { stop.abort(); clearTimeout(timer); };
  }, [key, turn]);
  return { ...state, again: () => again((n) => n + 1) };
}

// A list that is paged by `next`; the first page is read anew while it is the only one.
export function useList(path, params) {
  const first = useGet(path, params);
  const [rest, setRest] = useState({ key: '', rows: [], next: null });
  const key = address(path, params);
  const grown = rest.key === key && rest.rows.length;
  const next = grown ? rest.next : first.value?.next ?? null;
  const more = async () => {
    const page = await get(path, { ...params, after: next });
    setRest({ key, rows: [...(grown ? rest.rows : []), ...page.rows], next: page.next });
  };
  const rows = first.value && [...first.value.rows, ...(grown ? rest.rows : [])];
  return { ...first, rows, more: next === null ? null : more };
}

export async function all(path, params, most = 10000) {
  const rows = [];
  for (let after = ''; rows.length < most;) {
    const page = await get(path, { ...params, limit: 200, after });
    rows.push(...page.rows);
    if (page.next === null || page.next === undefined) break;
    after = page.next;
  }
  return rows;
}
