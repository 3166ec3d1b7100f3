// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// What lies over the list for a moment: why a line is there, the picker, the settings. The last thing and the total stay in sight,
// and the cart goes on underneath.
import { h, t, picture, money, number, button, icon, words } from './draw.js';
import { because, detail, nameOf } from './view.js';
import { products } from './link.js';

let open = null; // { dialog, refresh(state) }

export function close() {
  open?.dialog.close();
}

function sheet(title, content, refresh = () => {}) {
  close();
  const body = h('div', { class: 'body' }, content);
  const dialog = h('dialog', { class: 'sheet', 'aria-labelledby': 'sheet-title' },
    h('header', {}, h('h2', { id: 'sheet-title' }, title), button('tool close', t('close'), () => dialog.close(), 'close', { 'data-key': 'close' })), body);
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (open?.dialog === dialog) open = null;
  });
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close()); // a tap beside it
  document.getElementById('sheets').append(dialog);
  open = { dialog, refresh, body };
  dialog.showModal();
  return open;
}

export function refresh(state) {
  open?.refresh(state);
}

/* ---- a line ---- */

export function lineSheet(id, getState, act) {
  let drawn = '';
  const draw = (state) => {
    const line = state.lines.find((l) => l.id === id);
    if (!line || state.phase === 'paid') return close();
    const signature = JSON.stringify([line, state.phase]);
    if (signature === drawn) return;
    drawn = signature;
    const may = state.phase === 'shopping' || state.phase === 'staff';
    const set = (count) => act.touch({ kind: 'count', ref: id, count });
    const key = document.activeElement?.dataset.key;
    made.body.replaceChildren(
      h('div', { class: 'thing' }, picture(line.picture, line.name, line.product), h('div', {}, h('h3', {}, nameOf(line)), h('p', { class: 'hint' }, detail(line)), h('p', { class: 'big' }, money(line.price_cents)))),
      ...[line.unit !== 'kg' && may && h('div', { class: 'counter', role: 'group', 'aria-label': nameOf(line) },
        h('button', { type: 'button', class: 'button round', 'aria-label': t('less'), 'data-key': 'less', disabled: line.count <= 1, onclick: () => set(line.count - 1) }, icon('minus')),
        h('output', { 'aria-live': 'polite' }, number(line.count)),
        h('button', { type: 'button', class: 'button round', 'aria-label': t('more'), 'data-key': 'more', disabled: line.count >= 999, onclick: () => set(line.count + 1) }, icon('plus'))),
      h('div', { class: 'because' + (line.sure ? '' : ' unsure') },
        h('p', { class: 'kind' }, icon(line.sure ? 'check' : 'ask'), t(line.sure ? 'sure' : 'unsure')), h('p', {}, because(line))),
      may && h('div', { class: 'acts' },
        button('second', t('wrong'), () => { act.wrong(id); close(); }, 'ask', { 'data-key': 'wrong' }),
        button('quiet', t('remove'), () => { act.touch({ kind: 'remove', ref: id }); close(); }, 'out', { 'data-key': 'remove' })),
      line.why?.moment && moment(line.why.moment)].filter(Boolean));
    if (key) made.body.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  };
  const made = sheet(t('why'), [], draw);
  draw(getState());
}

function moment(address) {
  const figure = h('figure', {}, h('img', { src: address, alt: t('why_moment') }), h('figcaption', { class: 'small' }, t('why_moment')));
  figure.firstChild.addEventListener('error', () => figure.remove());
  return figure;
}

/* ---- the picker: produce by picture and name, or any product by name ---- */

export function picker(onPick) {
  const results = h('div', { class: 'grid', role: 'group', 'aria-label': t('weigh_pick') });
  const say = h('p', { class: 'hint', role: 'status' });
  const field = h('input', { type: 'search', class: 'field', placeholder: t('weigh_find'), 'aria-label': t('weigh_find'), autocomplete: 'off', maxlength: '40', 'data-key': 'find' });
  let asked = 0;
  const look = async () => {
    const mine = ++asked;
    const items = await products(field.value.trim());
    if (mine !== asked) return; // a newer question is out
    say.textContent = items.length ? '' : t('weigh_none');
    results.replaceChildren(...items.slice(0, 60).map((item) => h('button', { type: 'button', class: 'option', 'data-key': item.product, onclick: () => { close(); onPick(item.product); } },
      picture(item.picture, item.name, item.product),
      h('span', {}, h('span', { class: 'name' }, item.name), h('span', { class: 'small' }, `${money(item.unit_price_cents)} ${t(item.unit)}`)))));
  };
  field.addEventListener('input', look);
  sheet(t('weigh_pick'), [h('label', { class: 'search' }, icon('search'), field), say, results]);
  document.querySelector('.sheet .close').focus();
  look();
}

/* ---- settings ---- */

function choice(label, value, options, onSet) {
  const buttons = options.map(([key, text]) => {
    const one = h('button', { type: 'button', class: 'button pick', 'aria-pressed': String(key === value), 'data-key': label + key, onclick: () => {
      buttons.forEach((b) => b.setAttribute('aria-pressed', String(b === one)));
      onSet(key);
    } }, text);
    return one;
  });
  return h('div', { class: 'choice', role: 'group', 'aria-label': label }, h('p', {}, label), h('div', {}, buttons));
}

export function settings(now, languages, getState, set, act) {
  const onOff = [['on', t('on')], ['off', t('off')]];
  sheet(t('menu'), [
    choice(t('languages'), now.lang, languages, (v) => set('lang', v)),
    choice(t('theme'), now.theme, [['auto', t('auto')], ['light', t('light')], ['dark', t('dark')]], (v) => set('theme', v)),
    choice(t('hand'), now.hand, [['left', t('left')], ['right', t('right')]], (v) => set('hand', v)),
    choice(t('sound'), now.sound, onOff, (v) => set('sound', v)),
    choice(t('member'), getState()?.member ? 'on' : 'off', onOff, (v) => act.touch({ kind: 'member', count: v === 'on' ? 1 : 0 })),
    h('div', { class: 'acts' }, button('quiet', t('staff_enter'), () => { act.touch({ kind: 'staff', count: 1 }); close(); }, null, { 'data-key': 'staff' })),
  ]);
}
