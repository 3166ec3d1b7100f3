// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// The line to the cart: states in (server-sent events), touches out. Knows nothing of what they mean.

const QUIET_MS = 9000; // the cart says "beat" every 3 s; after three missing ones the line is taken for dead

// onState(state), onLine(connected). Reconnects for ever; the last state stays with the caller.
export function listen(onState, onLine) {
  let source, watch;
  const alive = () => {
    onLine(true);
    clearTimeout(watch);
    watch = setTimeout(lost, QUIET_MS);
  };
  const lost = () => {
    onLine(false);
    source.close();
    clearTimeout(watch);
    watch = setTimeout(open, 1000);
  };
  const open = () => {
    source = new EventSource('/events');
    source.onmessage = (event) => {
      alive();
      let state;
      try {
        state = JSON.parse(event.data);
      } catch {
        return; // the next one is whole
      }
      if (state.v === 1) onState(state);
    };
    source.addEventListener('beat', alive);
    source.onerror = lost;
  };
  open();
}

// True when the cart took it.
export async function touch(body) {
  try {
    const reply = await fetch('/touch', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    return reply.ok;
  } catch {
    return false;
  }
}

export async function products(query) {
  try {
    const reply = await fetch(query ? '/catalog/find?q=' + encodeURIComponent(query) : '/catalog/plu');
    return reply.ok ? (await reply.json()).items : [];
  } catch {
    return [];
  }
}
