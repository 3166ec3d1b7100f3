// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// Every state of the touchscreen that a shopper can meet, as the runtime would say it.
let seq = 0;

const pic = (product) => '/picture/' + product.replace(':', '-');
const why = { weight_g: 182, weight_sd_g: 2, code: null, camera: true, moment: '/moment/7' };
const item = (id, product, name, unit, count, more = {}) => ({
  id, product, name, picture: pic(product), count, weight_g: 0, unit_price_cents: unit, unit: 'each', price_cents: unit * count, was_cents: null, promo: null,
  sure: true, p: 0.98, why: { ...why, code: '9500000000105', weight_g: 1032, moment: '/moment/' + id }, ...more });

export const milk = item(1, 'gtin:09500000000105', 'Milk 1.5 %, 1 l', 119, 2);
export const bread = item(2, 'gtin:09500000000174', 'Rye bread with sunflower seeds, sliced', 285, 1);
export const coffee = item(3, 'gtin:09500000000310', 'Coffee, dark roast, 500 g', 649, 1);
export const pasta = item(4, 'gtin:09500000000242', 'Penne, 500 g', 99, 3, { price_cents: 198, promo: { name: '3 for 2', cents: -99 } });
export const bananas = item(7, 'plu:4011', 'Bananas', 199, 1, { unit: 'kg', weight_g: 180, price_cents: 36, why });
export const tomatoes = item(8, 'plu:4799', 'Tomatoes', 329, 1, { unit: 'kg', weight_g: 415, price_cents: 137, sure: false, p: 0.61, why: { ...why, weight_g: 416, moment: null } });
export const strange = item(9, '?', '', 0, 1, { picture: null, price_cents: 0, sure: false, p: 0.4, why: { ...why, weight_g: 320 } });

const health = { scanner: 'ok', cameras: ['ok', 'ok'], scale: 'ok', network: 'ok', battery_pct: 80 };

export function state(more = {}) {
  const lines = more.lines ?? [milk, bread, coffee, pasta];
  const total = lines.reduce((sum, l) => sum + l.price_cents, 0);
  return { v: 1, seq: ++seq, t_s: seq * 1.5, phase: 'shopping', currency: 'EUR', digits: 2, total_cents: total,
    savings_cents: lines.reduce((sum, l) => sum - (l.promo?.cents ?? 0), 0), tax_cents: Math.round(total * 0.07), items: lines.reduce((sum, l) => sum + l.count, 0), member: false,
    last: null, question: null, weigh: null, health, pay: null, help: false, ...more, lines };
}

const last = (kind, line, more = {}) => ({ kind, line: line?.id ?? 0, n: 1, t_s: seq + 1, name: line?.name ?? '', product: line?.product, picture: line?.picture ?? null, price_cents: line?.price_cents ?? 0, promo: null, ...more });
const option = (line) => ({ product: line.product, name: line.name, picture: line.picture });
const full = [milk, bread, coffee, pasta, bananas];
const ill = (more) => state({ lines: full, last: last('added', bananas), health: { ...health, ...more } });

// name -> state. What a page shows for each is checked in cart.mjs.
export const states = {
  idle: () => state({ phase: 'idle', lines: [] }),
  empty: () => state({ lines: [] }),
  added: () => state({ lines: full, last: last('added', bananas) }),
  asking: () => state({ lines: [...full, tomatoes], last: last('asking', tomatoes), question: { id: 3, kind: 'which', line: 8, options: [option(tomatoes), { product: 'plu:4131', name: 'Apples, Fuji', picture: pic('plu:4131') }, { product: 'plu:4688', name: 'Oranges', picture: pic('plu:4688') }] } }),
  several: () => state({ last: { ...last('added', pasta), n: 3, lines: [2, 3, 4] } }),
  weigh_place: () => state({ weigh: { state: 'place', product: 'plu:4011', name: 'Bananas', picture: pic('plu:4011'), weight_g: 0, unit_price_cents: 199, price_cents: 0, steady: false } }),
  weigh_hold: () => state({ weigh: { state: 'hold', product: 'plu:4011', name: 'Bananas', picture: pic('plu:4011'), weight_g: 155, unit_price_cents: 199, price_cents: 31, steady: false } }),
  weigh_done: () => state({ lines: full, last: last('weighed', bananas), weigh: { state: 'done', product: 'plu:4011', name: 'Bananas', picture: pic('plu:4011'), weight_g: 180, unit_price_cents: 199, price_cents: 36, steady: true } }),
  removed: () => state({ lines: [milk, coffee, pasta], last: last('removed', bread) }),
  moved: () => state({ lines: full, last: last('added', bananas) }),
  promotion_gained: () => state({ last: last('promotion_gained', pasta, { promo: { name: '3 for 2', cents: -99 } }) }),
  promotion_lost: () => { const two = { ...pasta, count: 2, price_cents: 198, promo: null }; return state({ lines: [milk, bread, coffee, two], last: last('promotion_lost', two, { promo: { name: '3 for 2', cents: -99 } }) }); },
  price_changed: () => { const dear = { ...coffee, was_cents: 599 }; return state({ lines: [milk, bread, dear, pasta], last: last('price_changed', dear) }); },
  unknown: () => state({ lines: [...full, strange], last: last('asking', strange), question: { id: 4, kind: 'unknown', line: 9, options: [] } }),
  rescan: () => state({ lines: full, last: last('added', bananas), question: { id: 5, kind: 'rescan', line: null, options: [option(coffee)] } }),
  scanner_silent: () => ill({ scanner: 'silent' }),
  camera_dark: () => ill({ cameras: ['ok', 'dark'] }),
  scale_unsteady: () => ill({ scale: 'unsteady' }),
  scale_overloaded: () => ill({ scale: 'overloaded' }),
  scale_fault: () => ill({ scale: 'fault' }),
  no_network: () => ill({ network: 'none' }),
  low_battery: () => ill({ battery_pct: 9 }),
  two_faults: () => ill({ battery_pct: 9, scanner: 'silent' }),
  staff: () => state({ phase: 'staff', lines: [...full, tomatoes], last: last('added', bananas) }),
  pay: () => state({ phase: 'paying', lines: full, pay: { token: 'trundle:1:Zk7qXw2-9Q4r:1405:EUR:c0ffee5a', total_cents: 1406 } }),
  paid: () => state({ phase: 'paid', lines: full }),
  help: () => state({ lines: full, last: last('added', bananas), help: true }),
  long: () => state({ lines: Array.from({ length: 28 }, (_, i) => ({ ...full[i % 5], id: i + 1, why: { ...why, moment: null } })), last: last('added', bananas, { line: 25 }) }),
};
