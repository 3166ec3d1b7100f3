// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// The page as a function of the state: notices, the last thing, the question, the list, the total.
// A part is drawn again only when what it shows changed, so that taps and focus survive the next state.
import { h, t, icon, picture, money, number, kilos, grams, button, words } from './draw.js';
import { qr } from './qr.js';

const BATTERY_LOW_PCT = 15;
const drawn = new Map();
const $ = (id) => document.getElementById(id);

function part(id, shown, build) {
  const signature = JSON.stringify(shown) + words.text.locale;
  const element = $(id);
  if (drawn.get(id) === signature) return;
  drawn.set(id, signature);
  const key = element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  element.replaceChildren(...[build()].flat().filter(Boolean));
  if (key) element.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

// What a line costs, in small: "3 × €0.99", "0.180 kg · €1.99 per kg".
export function detail(line) {
  if (line.unit === 'kg') return `${kilos(line.weight_g || 0)} · ${money(line.unit_price_cents)} ${t('kg')}`;
  return line.count === 1 ? '' : t('times', { n: number(line.count), money: money(line.unit_price_cents) });
}

export const nameOf = (thing) => (thing?.product === '?' || !thing?.name ? t('unknown_item') : thing.name);

// Names and numbers keep their own direction inside a text of the other one.
const own = (text) => h('bdi', {}, text);
const cost = (line) => (line.product === '?' ? '…' : money(line.price_cents));

/* ---- notices: what does not work, in a sentence that says what to do ---- */

function notices(state, ui) {
  const health = state?.health ?? {};
  const list = [];
  const add = (key, shape, text) => list.push({ key, shape, text });
  if (!ui.connected) add('line', 'sync', t('line_lost'));
  if (ui.failed) add('failed', 'sync', t('not_taken'));
  if (ui.thanked) add('thanks', 'check', t('wrong_done'));
  if (state?.help) add('help', 'help', t('help_called'));
  if (health.scale && health.scale !== 'ok') add('scale', 'scale', t('scale_' + health.scale));
  if (health.scanner === 'silent') add('scanner', 'scan', t('scanner_silent'));
  if ((health.cameras ?? []).includes('dark')) add('camera', 'camera', t('camera_dark'));
  if (health.network === 'none') add('network', 'network', t('network_none'));
  if (health.battery_pct !== null && health.battery_pct <= BATTERY_LOW_PCT) add('battery', 'battery', t('battery_low', { n: health.battery_pct }));
  return list;
}

/* ---- the last thing ---- */

function sureness(sure) {
  return h('p', { class: 'sureness ' + (sure ? 'sure' : 'unsure') }, icon(sure ? 'check' : 'ask'), h('span', {}, t(sure ? 'sure' : 'unsure')));
}

function plain(shape, title, hint) {
  return h('div', { class: 'hello' }, h('span', { class: 'halo' }, icon(shape)), h('h1', {}, title), h('p', { class: 'hint' }, hint));
}

function weighing(weigh, act) {
  const counting = weigh.state !== 'place';
  return h('div', { class: 'card weighing' },
    picture(weigh.picture, weigh.name, weigh.product),
    h('div', { class: 'facts' },
      h('p', { class: 'kind' }, icon('scale'), t(weigh.state === 'place' ? 'counting' : weigh.state)),
      h('h1', {}, weigh.state === 'place' ? t('place') : own(weigh.name)),
      h('p', { class: 'hint' }, weigh.state === 'place' ? weigh.name + ' · ' + t('weigh_at', { money: money(weigh.unit_price_cents) }) : t('weigh_at', { money: money(weigh.unit_price_cents) })),
      counting && h('p', { class: 'price counting' + (weigh.steady ? ' steady' : '') }, h('span', {}, kilos(weigh.weight_g)), h('strong', {}, money(weigh.price_cents))),
      weigh.state === 'hold' && h('div', { class: 'still', 'aria-hidden': 'true' }, h('i')),
      weigh.state !== 'done' && button('quiet', t('weigh_cancel'), () => act.touch({ kind: 'plu_cancel' }), 'close', { 'data-key': 'weigh-cancel' })));
}

function paying(state, act) {
  return h('div', { class: 'card paying' },
    state.pay.token ? h('div', { class: 'code', role: 'img', 'aria-label': t('paying') }, qr(state.pay.token)) : h('span', { class: 'halo' }, icon('cart')),
    h('div', { class: 'facts' },
      h('p', { class: 'kind' }, t('paying_total')),
      h('p', { class: 'price' }, h('strong', {}, money(state.pay.total_cents))),
      h('h1', {}, t('paying')),
      h('p', { class: 'hint' }, t('paying_note')),
      button('main', t('resume'), () => act.touch({ kind: 'resume' }), 'cart', { 'data-key': 'resume' })));
}

// Name, picture and money of what `last` is about: the line when it is still there, else what `last` says itself.
function subject(state) {
  const last = state.last;
  const line = state.lines.find((l) => l.id === last.line);
  return { ...(line ?? { product: last.product, unit: 'each', count: 1, unit_price_cents: 0, sure: true }),
    name: line?.name ?? last.name, picture: line?.picture ?? last.picture, price_cents: line?.price_cents ?? last.price_cents ?? 0, gone: !line };
}

const kinds = { added: 'plus', removed: 'out', changed: 'sync', promotion_gained: 'tag', promotion_lost: 'tag', price_changed: 'tag', asking: 'ask', weighed: 'scale' };

function several(state) {
  const ids = state.last.lines ?? [state.last.line];
  const lines = state.lines.filter((l) => ids.includes(l.id));
  const sum = lines.reduce((total, l) => total + l.price_cents, 0);
  return h('div', { class: 'card many' },
    h('p', { class: 'kind' }, icon('plus'), t('several', { n: state.last.n })),
    h('ul', { class: 'pile' }, lines.slice(-3).map((l) => h('li', {}, picture(l.picture, l.name, l.product), h('span', { class: 'name' }, own(nameOf(l))), h('strong', {}, cost(l))))),
    h('div', { class: 'row' }, h('p', { class: 'price' }, h('strong', {}, money(sum))), sureness(lines.every((l) => l.sure))));
}

function lastThing(state) {
  const last = state.last;
  if (last.n > 1 && last.kind === 'added') return several(state);
  if (!last.line && !last.name) return plain(kinds[last.kind] ?? 'check', t(last.kind), `${t('total')} ${money(state.total_cents)}`);
  const it = subject(state);
  const promo = last.promo;
  const minus = last.kind === 'removed';
  const hint = last.kind === 'price_changed' && it.was_cents ? t('price_was', { was: money(it.was_cents), now: money(it.unit_price_cents) })
    : last.kind === 'promotion_lost' && promo ? t('promo_was', { name: promo.name }) : detail(it);
  const sure = last.kind !== 'asking' && it.sure !== false;
  return h('div', { class: 'card last ' + last.kind },
    picture(it.picture, it.name, it.product),
    h('div', { class: 'facts' },
      h('p', { class: 'kind' }, icon(kinds[last.kind] ?? 'check'), t(last.kind)),
      h('h1', {}, own(nameOf(it))),
      hint && h('p', { class: 'hint' }, own(hint)),
      it.product !== '?' && h('p', { class: 'price' + (minus ? ' minus' : '') }, h('strong', {}, (minus ? '− ' : '') + money(Math.abs(it.price_cents))),
        promo && last.kind === 'promotion_gained' && h('span', { class: 'promo' }, icon('tag'), `${promo.name} · ${money(promo.cents)}`)),
      !minus && sureness(sure)));
}

function hero(state, act) {
  if (!state) return plain('cart', t('welcome'), t('welcome_hint'));
  if (state.phase === 'paying' && state.pay) return paying(state, act);
  if (state.phase === 'paid') return plain('check', t('paid'), `${t('paid_total', { money: money(state.total_cents) })}. ${t('paid_hint')}`);
  if (state.phase === 'idle') return plain('cart', t('idle'), t('idle_hint'));
  if (state.weigh && state.weigh.state !== 'idle') return weighing(state.weigh, act);
  if (state.last) return lastThing(state);
  return plain('cart', t('welcome'), t('welcome_hint'));
}

/* ---- the question: at the bottom, and it can wait ---- */

function question(state, ui, act) {
  const q = state?.question;
  if (!q || ui.answered === q.id || !['shopping', 'staff'].includes(state.phase)) return null;
  const answer = (option, product) => act.answer({ kind: 'answer', ref: q.id, option, ...(product ? { product } : {}) });
  const head = h('div', { class: 'ask' }, h('span', { class: 'halo' }, icon(q.kind === 'rescan' ? 'scan' : 'ask')),
    h('div', {}, h('h2', {}, t(q.kind)), h('p', { class: 'hint' }, t(q.kind + '_hint'))));
  const options = (q.options ?? []).slice(0, 3).map((o) =>
    h('button', { type: 'button', class: 'option', 'data-key': 'option-' + o.product, onclick: () => answer('product', o.product) }, picture(o.picture, o.name, o.product), h('span', {}, own(o.name))));
  const rest = h('div', { class: 'rest' },
    q.kind === 'unknown' && button('quiet', t('search'), () => act.search(q), 'search', { 'data-key': 'q-search' }),
    q.kind === 'unknown' && button('quiet', t('call'), () => act.touch({ kind: 'help' }), 'help', { 'data-key': 'q-help' }),
    q.kind === 'which' && button('quiet', t('else'), () => answer('else'), null, { 'data-key': 'q-else' }),
    button('quiet', t('nothing'), () => answer('nothing'), null, { 'data-key': 'q-nothing' }));
  return [head, options.length && h('div', { class: 'options' }, options), rest];
}

/* ---- the list ---- */

const rows = new Map();

function row(line, staff, act) {
  const what = detail(line);
  return h('li', { class: line.sure ? '' : 'unsure' },
    h('button', { type: 'button', class: 'line', 'data-key': 'line-' + line.id, 'aria-label': `${nameOf(line)}, ${what ? what + ', ' : ''}${money(line.price_cents)}${line.sure ? '' : ', ' + t('unsure')}. ${t('open_line', { name: nameOf(line) })}`, onclick: () => act.line(line.id) },
      picture(line.picture, line.name, line.product),
      h('span', { class: 'middle' }, h('span', { class: 'name' }, own(nameOf(line))),
        what && h('span', { class: 'small' }, own(what)),
        line.promo && h('span', { class: 'small promo' }, icon('tag'), own(`${line.promo.name} ${money(line.promo.cents)}`)),
        !line.sure && h('span', { class: 'small doubt' }, icon('ask'), t('unsure_short')),
        staff && h('span', { class: 'small' }, t('why_p', { p: number((line.p ?? 0) * 100) }))),
      h('strong', { class: 'cost' }, cost(line))));
}

function list(state, act) {
  const lines = [...(state?.lines ?? [])].reverse();
  const staff = state?.phase === 'staff';
  const here = new Set(lines.map((l) => l.id));
  const parent = $('lines');
  for (const [id, kept] of rows) if (!here.has(id)) { kept.element.remove(); rows.delete(id); }
  lines.forEach((line, i) => {
    const signature = JSON.stringify([line, staff, words.text.locale]);
    let kept = rows.get(line.id);
    if (!kept || kept.signature !== signature) {
      const element = row(line, staff, act);
      const focused = kept?.element.contains(document.activeElement);
      kept?.element.replaceWith(element);
      if (focused) element.firstChild.focus();
      kept = { element, signature };
      rows.set(line.id, kept);
    }
    if (parent.children[i] !== kept.element) parent.insertBefore(kept.element, parent.children[i] ?? null);
  });
  parent.hidden = !lines.length;
}

/* ---- all of it ---- */

export function show(state, ui, act) {
  if (state) Object.assign(words, { currency: state.currency ?? 'EUR', digits: state.digits ?? 2 });
  const phase = state?.phase ?? 'idle';
  const shopping = phase === 'shopping' || phase === 'staff' || (phase === 'idle' && state);
  $('cart').dataset.phase = phase;
  const told = notices(state, ui);
  $('cart').dataset.notices = String(Math.min(told.length, 2));
  part('notices', told, () => told.map((n) => h('p', { class: 'notice', 'data-notice': n.key }, icon(n.shape), h('span', {}, n.text))));
  part('tools', [phase, state?.help], () => [
    phase === 'staff' && h('p', { class: 'mode' }, t('staff')),
    button('tool', t('help'), () => act.touch({ kind: 'help' }), 'help', { 'data-key': 'help' }),
    button('tool', t('menu'), act.settings, 'menu', { 'data-key': 'menu' })]);
  part('hero', [phase, state?.last, state?.weigh, state?.pay, state?.total_cents, state?.lines?.filter((l) => l.id === state.last?.line || state.last?.lines?.includes(l.id))], () => hero(state, act));
  part('question', [phase, state?.question, ui.answered], () => question(state, ui, act) ?? []);
  $('question').hidden = !$('question').childElementCount;
  part('basket-title', [state?.items ?? 0, phase], () => [h('span', {}, t('basket')), state?.items ? h('small', {}, t('items', { n: state.items })) : null]);
  list(state, act);
  part('sum', [state?.total_cents, state?.savings_cents, state?.tax_cents, state?.lines?.length, phase, state?.member], () => [
    !state?.lines?.length && h('p', { class: 'hint empty' }, t('basket_empty')),
    h('div', { class: 'total', 'aria-label': t('total') }, h('span', {}, t('total')), h('strong', { id: 'total' }, money(state?.total_cents ?? 0))),
    (state?.savings_cents > 0 || state?.tax_cents > 0) && h('p', { class: 'small under' },
      state.savings_cents > 0 ? h('span', { class: 'promo' }, icon('tag'), t('saved', { money: money(state.savings_cents) })) : h('span'),
      state.tax_cents > 0 && h('span', {}, t('tax', { money: money(state.tax_cents) }))),
    shopping && h('div', { class: 'acts' },
      phase === 'staff' ? button('main', t('staff_done'), () => act.touch({ kind: 'staff', count: 0 }), 'close', { 'data-key': 'staff-done' })
        : [button('second', t('weigh'), act.pick, 'scale', { 'data-key': 'weigh' }),
          button('main', t('pay'), () => act.touch({ kind: 'pay' }), null, { 'data-key': 'pay', ...(state?.lines?.length ? {} : { disabled: true }) })])]);
}

// One sentence for ears: what happened and the total.
export function sentence(state) {
  const last = state.last;
  if (!last) return '';
  const it = subject(state);
  const what = !last.line && !last.name ? t(last.kind) : last.n > 1 ? t('several', { n: last.n }) : `${t(last.kind)}: ${nameOf(it)}`;
  return t('say_total', { what, money: money(state.total_cents) });
}

// Why the cart thinks so, in one sentence.
export function because(line) {
  const why = line.why ?? {};
  const weight = why.weight_g === null || why.weight_g === undefined ? null : grams(Math.abs(Math.round(why.weight_g)));
  const code = why.code === true ? 'read' : why.code ? 'code' : ''; // a text, or only that one was read
  const base = weight || code ? t(`why_${weight ? 'weight' : ''}${weight && code ? '_' : ''}${code}`, { weight, code: why.code }) : null;
  if (!base) return t(why.camera ? 'why_only_camera' : 'why_none');
  return base + (why.camera ? t('why_camera') : '');
}
