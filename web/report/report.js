// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// Draws the page from the data that stands in it. Every text is set as text, never as markup; nothing is fetched.
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const about = data.about, figures = data.figures, modes = ['unaided', 'aided'].filter((m) => figures[m]);
  const main = document.getElementById('main');
  main.replaceChildren();

  function make(tag, attributes, ...children) {
    const svg = ['svg', 'g', 'line', 'circle', 'rect', 'text', 'path', 'title', 'desc'].includes(tag);
    const e = svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
    for (const [k, v] of Object.entries(attributes || {}))
      if (k === 'class') e.setAttribute('class', v);
      else if (k.startsWith('on')) e.addEventListener(k.slice(2), v);
      else if (v !== false && v !== null && v !== undefined) e.setAttribute(k, v === true ? '' : v);
    e.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
    return e;
  }

  // What a key is called, and how it is printed. Keys that are not here get their own name.
  const known = {
    errors_per_100: ['Errors per 100 items', 'wrong, missing and phantom items at the end of the trip; fewer is better', 'number'],
    basket_accuracy: ['Baskets all right', 'trips whose final basket is the true one, item for item', 'share'],
    line_accuracy: ['Lines right', 'lines with the right product and count or weight', 'share'],
    event_f1: ['Event F1', 'puts and takes with the right product within a second', 'share'],
    event_precision: ['Event precision', 'predicted events that happened', 'share'],
    event_recall: ['Event recall', 'events that were noticed and named', 'share'],
    detection_f1: ['Detection F1', 'puts and takes, whichever the product', 'share'],
    auto_rate: ['Unscanned, added unasked', 'unscanned items on the list without a question', 'share'],
    asks_per_100: ['Questions per 100 items', 'questions and re-scan prompts; fewer is better', 'number'],
    undercharge_bp: ['Undercharged', 'basis points of true value not charged', 'bp'],
    overcharge_bp: ['Overcharged', 'basis points of true value charged too much', 'bp'],
    undercharge_cents: ['Undercharged per trip', 'what a trip is charged too little, at the store’s prices', 'cents'],
    overcharge_cents: ['Overcharged per trip', 'what a trip is charged too much', 'cents'],
    cents_per_error: ['Cost of an error', 'value wrongly charged or left out, per error', 'cents'],
    trip_s_per_item: ['Seconds per item', 'length of the trip by items', 's'],
    ask_s_per_item: ['Seconds of questions per item', 'what answering adds', 's'],
    scenario_recall: ['Shrink noticed', 'shrink scenarios flagged before payment', 'share'],
    scenario_stopped: ['Shrink stopped', 'shrink scenarios that did not walk out unpaid', 'share'],
    false_alarms_per_100: ['False alarms per 100 trips', 'flags on honest trips', 'number'],
    twin_alarms_per_100: ['Alarms per 100 honest twins', 'flags on what only looks like shrink', 'number'],
    loss_left_bp: ['Loss left', 'of true value, basis points', 'bp'],
    line_latency_log_p90_s: ['Line latency, 90th percentile', 'settled until the line is shown', 's'],
    loss_left_pct: ['Shrink left', 'value of shrink that walks out unpaid', 'pct'],
    false_removals: ['False removals', 'items off the list that are still inside', 'number'],
    time_error_s: ['Time error', 'mean distance of matched events', 's'],
    line_latency_log_s: ['Line latency, median', 'settled until the line is shown', 's'],
    line_latency_log_p99_s: ['Line latency, 99th percentile', 'settled until the line is shown', 's'],
  };
  const name = (key) => known[key] ? known[key][0] : key.replaceAll('_', ' ').replace(/^./, (c) => c.toUpperCase());
  const isShare = (key) => known[key] ? known[key][2] === 'share' : /accuracy|_rate$|_f1$|recall|precision|share/.test(key);
  function print(key, v) {
    if (v === null || v === undefined) return '–';
    const kind = known[key] ? known[key][2] : isShare(key) ? 'share' : 'number';
    if (kind === 'share') return (100 * v).toFixed(1) + '\u00a0%';
    if (kind === 's') return v.toFixed(2) + '\u00a0s';
    if (kind === 'bp') return v.toFixed(0) + '\u00a0bp';
    if (kind === 'cents') return (v / 100).toFixed(2);
    if (kind === 'pct') return v.toFixed(2) + '\u00a0%';
    return Math.abs(v) >= 100 ? v.toFixed(0) : Math.abs(v) >= 10 ? v.toFixed(1) : v.toFixed(2);
  }
  const interval = (key, f) => f && f.lo !== null && f.hi !== null ? `${print(key, f.lo)} to ${print(key, f.hi)}` : 'no interval';
  const plain = (s) => s.replaceAll('_', ' ');
  const money = (cents) => cents === null || cents === undefined ? '' : (cents / 100).toFixed(2);
  const clock = (t) => `${Math.floor(t / 60)}:${(t % 60).toFixed(1).padStart(4, '0')}`;

  const contents = make('ul', {});
  function section(id, title, lead, ...children) {
    contents.append(make('li', {}, make('a', { href: '#' + id }, title)));
    return make('section', { id, 'aria-labelledby': id + '-title' }, make('h2', { id: id + '-title', tabindex: '-1' }, title), lead && make('p', { class: 'lead' }, lead), ...children);
  }
  function table(caption, heads, rows) {
    return make('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
      make('table', {}, make('caption', { class: 'unseen' }, caption), make('thead', {}, make('tr', {}, heads.map((h, i) => make('th', { scope: 'col', class: i ? 'n' : '' }, h)))),
        make('tbody', {}, rows.map((r) => make('tr', {}, r.map((c, i) => i ? make('td', { class: 'n' }, c) : make('th', { scope: 'row' }, c)))))));
  }
  function command(text) {
    const said = document.getElementById('said');
    const button = make('button', { type: 'button', 'aria-label': 'Copy the command', onclick: () => {
      if (!navigator.clipboard) { said.textContent = 'This browser does not let a page copy.'; return; }
      navigator.clipboard.writeText(text).then(() => { said.textContent = 'Copied'; button.textContent = 'Copied'; setTimeout(() => { button.textContent = 'Copy'; }, 1500); },
        () => { said.textContent = 'Not copied'; });
    } }, 'Copy');
    return make('div', { class: 'command' }, make('code', {}, text), button);
  }
  const legend = () => make('p', { class: 'small', 'aria-hidden': 'true' }, modes.map((m, i) => make('span', { class: 'key' }, make('span', { class: i ? 'dot two' : 'dot' }), m)));

  // Nice numbers for an axis from 0, or of shares in their own range.
  function scale(lo, hi, share) {
    if (share) { lo = Math.max(0, Math.floor(lo * 10) / 10); hi = 1; } else { lo = Math.min(0, lo); hi = hi || 1; }
    const rough = (hi - lo) / 5, power = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 5, 10].find((s) => s * power >= rough) * power, ticks = [];
    for (let t = Math.ceil(lo / step) * step; t <= hi + step / 1e3; t += step) ticks.push(t);
    if (!share) hi = Math.max(hi, ticks[ticks.length - 1]);
    return { lo, hi, ticks };
  }

  // Dots with whiskers, a row a name: rows [{ name, n, mode: { value, lo, hi } }].
  function whiskers(key, rows, title, half) {
    // One unit is one pixel, so that text has its size at any width.
    const room = Math.min(innerWidth - 32, 1088) - (innerWidth < 560 ? 30 : 42), width = Math.round(half && innerWidth >= 860 ? (room - 58) / 2 : room);
    const narrow = width < 560, left = narrow ? 122 : 190, right = narrow ? 14 : 74, each = narrow ? 34 : 30, top = 26, height = top + each * rows.length + 6;
    const all = rows.flatMap((r) => modes.flatMap((m) => r[m] && r[m].value !== null ? [r[m].value, r[m].lo ?? r[m].value, r[m].hi ?? r[m].value] : []));
    const s = scale(Math.min(...all, Infinity), Math.max(...all, 0), isShare(key)), x = (v) => left + (width - left - right) * (v - s.lo) / (s.hi - s.lo || 1);
    const svg = make('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title + ', the same figures are in the table below' });
    for (const t of s.ticks)
      svg.append(make('line', { class: 'grid', x1: x(t), x2: x(t), y1: top - 6, y2: height }), make('text', { class: 'tick', x: x(t), y: 14, 'text-anchor': 'middle' }, isShare(key) ? `${Math.round(100 * t)}\u00a0%` : String(+t.toPrecision(3))));
    rows.forEach((r, i) => {
      const y = top + each * (i + 0.5), label = plain(r.name);
      svg.append(make('text', { x: left - 12, y: y + 5, 'text-anchor': 'end', 'font-weight': i ? 400 : 700 }, narrow && label.length > 16 ? label.slice(0, 15) + '…' : label));
      if (!narrow) svg.append(make('text', { class: 'tick', x: width, y: y + 5, 'text-anchor': 'end' }, `n ${r.n}`));
      modes.forEach((m, k) => {
        const f = r[m], at = y + (modes.length > 1 ? (k ? 5 : -5) : 0);
        if (!f || f.value === null) return;
        if (f.lo !== null) svg.append(make('path', { class: (k ? 'two' : 'one') + ' whisker', d: `M${x(Math.max(f.lo, s.lo))} ${at}H${x(Math.min(f.hi, s.hi))}` }));
        svg.append(make('circle', { class: k ? 'two' : 'one', cx: x(f.value), cy: at, r: 4.5, 'stroke-width': 2.5 }, make('title', {}, `${label}, ${m}: ${print(key, f.value)}, ${interval(key, f)}, n ${f.n}`)));
      });
    });
    return svg;
  }
  const rowsTable = (caption, key, rows) => table(caption, ['', ...modes.flatMap((m) => [m, '95\u00a0%']), 'n'],
    rows.map((r) => [plain(r.name), ...modes.flatMap((m) => [print(key, r[m] && r[m].value), interval(key, r[m])]), String(r.n)]));

  function top() {
    const what = about.suite ? `suite ${about.suite}` : 'these trips';
    document.title = `${about.system || 'trundle'} on ${what}`;
    document.getElementById('top').append(
      make('h1', {}, `${about.system || 'trundle'} on ${what}`),
      make('p', { class: 'quiet' }, `${about.trips} trips of ${about.stores} stores, first seed ${about.seed0}${about.made ? ', ' + about.made : ''}. 95 % intervals over ${about.by_store ? 'stores' : 'trips (one store)'}.`,
        about.suite ? ' The trips are simulated.' : '', about.failed ? ` ${about.failed} more could not be scored.` : ''),
      about.command ? command(about.command) : '');
  }

  function headline() {
    const keys = ['errors_per_100', 'basket_accuracy', 'event_f1', 'auto_rate', 'asks_per_100', 'undercharge_bp', 'overcharge_bp', 'undercharge_cents', 'cents_per_error', 'trip_s_per_item',
      'ask_s_per_item', 'scenario_recall', 'false_alarms_per_100', 'loss_left_pct'];
    const cards = keys.filter((k) => modes.some((m) => figures[m][k] && figures[m][k].value !== null)).map((k) => {
      const f = figures[modes[0]][k] || {};
      return make('div', { class: 'card' }, make('h3', {}, name(k)), make('p', { class: 'figure' }, print(k, f.value)), make('p', { class: 'small' }, `95\u00a0%: ${interval(k, f)}`),
        modes[1] && figures.aided[k] && figures.aided[k].value !== null && make('p', { class: 'small' }, make('strong', {}, `aided ${print(k, figures.aided[k].value)}`), ` (${interval(k, figures.aided[k])})`),
        make('p', { class: 'small quiet note' }, known[k] ? known[k][1] + (f.n ? `; n ${f.n}` : '') : f.n ? `n ${f.n}` : ''));
    });
    const wrong = data.mistakes, total = wrong.missed + wrong.phantom + wrong.wrong;
    return section('headline', 'Headline', modes[1] ? 'Large: unaided, nobody answers a question. Aided: a shopper answers nine of ten, 97\u00a0% of them right.' : 'Unaided.', make('div', { class: 'cards' }, cards),
      make('p', { class: 'small', style: 'margin-block-start:12px' }, total ? `Mistakes, unaided: ${wrong.wrong} events named wrongly, ${wrong.missed} missed, ${wrong.phantom} that never were.` : 'No mistakes, unaided.'));
  }

  function slices() {
    const names = Object.keys(figures.slices);
    if (!names.length) return null;
    const keys = Object.keys(figures[modes[0]]).filter((k) => names.some((s) => figures.slices[s][modes[0]]?.[k]))
      .filter((k) => ['event_f1', 'event_recall', 'event_precision', 'detection_f1', 'auto_rate', 'errors_per_100', 'basket_accuracy', 'undercharge_bp', 'scenario_recall', 'false_alarms_per_100', 'line_latency_log_s'].includes(k));
    const box = make('div', {}), chips = make('div', { class: 'chips', role: 'group', 'aria-label': 'Figure shown' });
    function show(key) {
      const n = (f) => (f && f.n) || 0;
      const rows = [{ name: 'all', n: n(figures[modes[0]][key]), ...Object.fromEntries(modes.map((m) => [m, figures[m][key]])) },
        ...names.map((s) => ({ name: s, n: n(figures.slices[s][modes[0]] && figures.slices[s][modes[0]][key]), ...Object.fromEntries(modes.map((m) => [m, figures.slices[s][m] && figures.slices[s][m][key]])) }))
          .filter((r) => modes.some((m) => r[m] && r[m].value !== null)).sort((a, b) => (a[modes[0]]?.value ?? 9) - (b[modes[0]]?.value ?? 9))];
      box.replaceChildren(legend(), whiskers(key, rows, name(key) + ' by slice'), make('details', {}, make('summary', {}, 'As a table'), rowsTable(name(key) + ' by slice', key, rows)));
      for (const b of chips.children) b.setAttribute('aria-pressed', String(b.dataset.key === key));
    }
    chips.append(...keys.map((k) => make('button', { type: 'button', 'data-key': k, onclick: () => show(k) }, name(k))));
    show(keys.includes('event_f1') ? 'event_f1' : keys[0]);
    return section('slices', 'Slices', 'The worst first. A dot is the figure, its whisker the 95 % interval; an event may be in several slices.', chips, box);
  }

  function bySize() {
    const suffix = { '1_4': '1-4', '5_9': '5-9', '10_15': '10-15', '16_up': '16 and more' }, rows = [];
    for (const [k, label] of Object.entries(suffix)) {
      const key = 'basket_accuracy_' + k, f = figures[modes[0]][key];
      if (f && f.n) rows.push({ name: label, n: f.n, ...Object.fromEntries(modes.map((m) => [m, figures[m][key]])) });
    }
    const f1 = data.f1_by_items.filter((r) => r.n);
    if (!rows.length && !f1.length) return null;
    return section('items', 'By number of items', null,
      rows.length > 0 && make('h3', {}, 'Baskets all right'), rows.length > 0 && legend(), rows.length > 0 && whiskers('basket_accuracy', rows, 'Baskets all right by number of items', true),
      rows.length > 0 && make('details', {}, make('summary', {}, 'As a table'), rowsTable('Baskets all right by number of items', 'basket_accuracy', rows)),
      f1.length > 0 && table('Event F1 by number of items, unaided', ['Items', 'event F1', '95\u00a0%', 'trips'], f1.map((r) => [r.name, print('event_f1', r.value), interval('event_f1', r), String(r.n)])));
  }

  function calibration() {
    const bins = data.calibration.filter((b) => b.n);
    if (bins.length < 2) return null;
    const size = 340, left = 46, bottom = 40, span = size - left - 12, x = (p) => left + span * p, y = (p) => size - bottom - (size - bottom - 12) * p, most = Math.max(...bins.map((b) => b.n));
    const svg = make('svg', { viewBox: `0 0 ${size} ${size}`, role: 'img', style: 'max-inline-size:440px', 'aria-label': 'Calibration: share right by probability given; the same figures are in the table below' });
    data.calibration.forEach((b, i) => b.n && svg.append(make('rect', { class: 'bar', x: x(i / 10) + 1, width: span / 10 - 2, y: size - bottom - 60 * b.n / most, height: 60 * b.n / most })));
    for (const t of [0, 0.25, 0.5, 0.75, 1])
      svg.append(make('line', { class: 'grid', x1: x(0), x2: x(1), y1: y(t), y2: y(t) }), make('text', { class: 'tick', x: left - 8, y: y(t) + 4, 'text-anchor': 'end' }, `${100 * t}`), make('text', { class: 'tick', x: x(t), y: size - bottom + 18, 'text-anchor': 'middle' }, `${100 * t}`));
    svg.append(make('line', { class: 'guide', x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
      make('path', { class: 'one whisker', d: bins.map((b, i) => `${i ? 'L' : 'M'}${x(b.p)} ${y(b.right)}`).join('') }),
      ...bins.map((b) => make('circle', { class: 'one', cx: x(b.p), cy: y(b.right), r: 4 }, make('title', {}, `said ${(100 * b.p).toFixed(0)} %, right ${(100 * b.right).toFixed(0)} %, n ${b.n}`))),
      make('text', { class: 'tick', x: x(0.5), y: size - 4, 'text-anchor': 'middle' }, 'probability given, %'));
    return section('calibration', 'Calibration', 'Puts by the probability that the cart gave to what it showed, against the share that was right (%). On the dashed line a cart means what it says; bars: how many.', svg,
      make('details', {}, make('summary', {}, 'As a table'), table('Calibration', ['probability given', 'right', 'n'], bins.map((b) => [(100 * b.p).toFixed(0) + '\u00a0%', (100 * b.right).toFixed(0) + '\u00a0%', String(b.n)]))));
  }

  function look(product, role) {
    if (product && product.look) return make('img', { class: 'look', src: 'data:image/jpeg;base64,' + product.look, alt: `${role}: ${product.name || product.id}`, loading: 'lazy' });
    return make('span', { class: 'look none', 'aria-hidden': 'true' }, product && product.name ? product.name.slice(0, 1) : '?');
  }
  const called = (p) => p ? p.name || (p.id === '?' ? 'an unknown product' : p.id) : '';

  function alike() {
    if (!data.confusion.length) return null;
    return section('alike', 'Look-alikes', 'Which product was taken for which: on the left what it was, on the right what the list said.',
      make('ul', { class: 'alike' }, data.confusion.map((c) => make('li', {}, look(c.truth, 'was'), look(c.taken, 'taken for'),
        make('div', { class: 'small' }, make('strong', {}, called(c.truth)), make('br', {}), make('span', { class: 'arrow' }, 'taken for '), called(c.taken), make('br', {}), make('span', { class: 'quiet' }, c.n === 1 ? 'once' : `${c.n} times`))))));
  }

  function replay(m) {
    const from = Math.max(0, m.t_s - 5).toFixed(1), until = (m.t_s + 5).toFixed(1);
    if (about.made_for_suite) return `trundle sim --suite ${about.made_for_suite} --seed ${m.seed} --trips 1 --out moment && trundle run moment/${m.seed}.mcap --json --from ${from} --until ${until}`;
    return `trundle run ${m.path || m.seed + '.mcap'} --json --from ${from} --until ${until}`;
  }

  function moments() {
    if (!data.moments.length) return null;
    const title = { missed: 'missed', phantom: 'never was', wrong: 'named wrongly' };
    return section('moments', 'Moments', 'The dearest mistakes, unaided, at most two a trip: what each camera saw before and after, and the command that replays it.',
      make('ul', { class: 'moments' }, data.moments.map((m) => make('li', { class: 'moment' },
        make('h3', {}, make('span', {}, `Trip ${m.seed} at ${clock(m.t_s)}`), make('span', { class: 'tag ' + m.mistake }, `${m.kind}: ${title[m.mistake]}`), m.cents !== null && make('span', { class: 'quiet' }, money(m.cents))),
        make('div', { class: 'was small' }, m.truth && make('div', {}, look(m.truth, 'was'), make('span', {}, 'was ', make('strong', {}, called(m.truth)))),
          m.taken && make('div', {}, look(m.taken, 'list said'), make('span', {}, m.truth ? 'list said ' : 'list said, of nothing, ', make('strong', {}, called(m.taken))))),
        m.pictures.length > 0 && make('div', { class: 'frames' }, [...m.pictures].sort((a, b) => a.camera - b.camera || a.t_s - b.t_s).map((p) => make('figure', {},
          make('img', { src: 'data:image/jpeg;base64,' + p.jpeg, alt: `Camera ${p.camera}, ${p.when}`, loading: 'lazy' }), make('figcaption', {}, `camera ${p.camera}, ${(p.t_s - m.t_s).toFixed(1)} s`.replace(', -', ', −'))))),
        m.slices.length > 0 && make('p', { class: 'small quiet' }, m.slices.map(plain).join(', ')), command(replay(m))))));
  }

  function worst() {
    if (!data.worst.length) return null;
    return section('worst', 'Worst trips', null, table('Worst trips', ['Trip', 'store', 'items', 'wrong', 'missed', 'phantom', 'value'],
      data.worst.map((t) => [String(t.seed), t.store, String(t.items), String(t.wrong), String(t.missed), String(t.phantom), money(t.cents)])));
  }

  function all() {
    const keys = Object.keys(figures[modes[0]]);
    return section('all', 'All figures', null, table('All figures', ['', ...modes.flatMap((m) => [m, '95\u00a0%']), 'n'],
      keys.map((k) => [name(k), ...modes.flatMap((m) => [print(k, figures[m][k] && figures[m][k].value), interval(k, figures[m][k])]), String((figures[modes[0]][k] || {}).n ?? '')])));
  }

  top();
  const size = bySize(), line = calibration();
  for (const part of [headline(), slices(), size && line ? make('div', { class: 'pair' }, size, line) : size || line, alike(), moments(), worst(), all()])
    if (part) main.append(part);
  const order = [...main.querySelectorAll('section')].map((s) => s.id);
  contents.append(...[...contents.children].sort((a, b) => order.indexOf(a.firstChild.hash.slice(1)) - order.indexOf(b.firstChild.hash.slice(1))));
  document.getElementById('contents').append(contents);
  document.getElementById('foot').append(make('p', {}, `Definitions: docs/evaluation.md. ${about.build ? 'Trundle ' + about.build + '.' : ''} The figures are also in the JSON file beside this page.`));
  addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
})();
