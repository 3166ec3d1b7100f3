// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// Making elements, icons, pictures, money and weights. No state of the cart here, only of the language.

export const words = { text: {}, currency: 'EUR', digits: 2 };

// h('button', {class, onclick, ...}, children...): null and false children are left out.
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const shapes = {
  check: 'M4 12.5l5.5 5.5L20 6.5',
  ask: 'M8.5 9a3.5 3.5 0 1 1 5.2 3c-1.2.7-1.7 1.4-1.7 2.8M12 18.6v.2',
  minus: 'M5 12h14',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6L6 18',
  tag: 'M3.5 12.5v-9h9l8 8-9 9zM8 8v.2',
  scale: 'M4 20h16l-1.6-11H5.6zM8 5h8M12 5v4M12 17l2.5-3.5',
  scan: 'M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M4 12h16',
  camera: 'M3 8h4l2-3h6l2 3h4v11H3zM12 17a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7',
  network: 'M3 9.5c5-5 13-5 18 0M6.5 13.5c3-3 8-3 11 0M12 18v.2M4 3l16 18',
  battery: 'M3 8h15v8H3zM18 11h3v2h-3M6 11v2',
  help: 'M4 20c.5-4.5 4-6 8-6s7.5 1.5 8 6M12 10.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8',
  menu: 'M4 7h16M4 12h16M4 17h16',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.5 15.5L21 21',
  cart: 'M3 5h2.5l3 10h9l2.5-7H6.5M10 19.5v.2M16.5 19.5v.2',
  out: 'M12 15V4M7.5 8.5L12 4l4.5 4.5M4 14v6h16v-6',
  sync: 'M20 6v5h-5M4 18v-5h5M19 11a7.5 7.5 0 0 0-13-3.5M5 13a7.5 7.5 0 0 0 13 3.5',
  hand: 'M12 4v13M7 12l5 5 5-5M4 21h16',
};

export function icon(name) {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  const path = document.createElementNS(ns, 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', shapes[name]);
  svg.append(path);
  return svg;
}

// A product's picture, or its first letter on a quiet ground when there is none.
export function picture(address, name, product) {
  const box = h('span', { class: 'picture', 'aria-hidden': 'true' });
  const letter = () => {
    box.classList.add('letter');
    box.dataset.hue = String([...(product || name || '?')].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) % 5, 0));
    box.replaceChildren(product === '?' ? icon('ask') : [...(name || '?')][0].toUpperCase());
  };
  if (address) {
    const img = h('img', { src: address, alt: '', decoding: 'async' });
    img.addEventListener('error', letter);
    box.append(img);
  } else letter();
  return box;
}

export function money(cents) {
  const style = { style: 'currency', currency: words.currency, minimumFractionDigits: words.digits, maximumFractionDigits: words.digits };
  return new Intl.NumberFormat(words.text.locale, style).format((cents || 0) / 10 ** words.digits).replace('-', '−');
}

export function number(value, digits = 0) {
  return new Intl.NumberFormat(words.text.locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

export const kilos = (grams) => number(grams / 1000, 3) + ' kg';
export const grams = (value) => number(value) + ' g';

// t('added', {name}): the text of that key, a function or with {name} filled in.
export function t(key, values = {}) {
  const text = words.text[key];
  if (typeof text === 'function') return text(values);
  return String(text ?? key).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

export function button(kind, label, onclick, shape, more = {}) {
  return h('button', { type: 'button', class: 'button ' + kind, onclick, ...more }, shape && icon(shape), h('span', {}, label));
}
