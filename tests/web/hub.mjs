// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// hub.mjs CONSOLE_SERVER TRIP NODE_MODULES CHROMIUM SHOTS - the console in a real browser, against tests/watch/console_server. TAP on standard output.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const [program, trip, packages, chromiumPath, shots] = process.argv.slice(2);
const require = createRequire(packages + '/');
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const answers = fileURLToPath(new URL('hub.json', import.meta.url));
const LEAST_TARGET_PX = 24, LEAST_BUTTON_PX = 40, LEAST_CONTRAST = 4.5;
const SIZES = [[1440, 900], [1024, 768]];

/* ---- the hub ---- */

const server = spawn(program, [trip, answers], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: server.stdout });
const posts = [];
const { url, console: built } = await new Promise((resolve, reject) => {
  server.once('exit', () => reject(new Error('the hub did not start')));
  lines.once('line', (line) => { resolve(JSON.parse(line)); lines.on('line', (more) => posts.push(JSON.parse(more))); });
});
const tell = (text) => server.stdin.write(text + '\n');
if (!built) { console.log('1..0 # SKIP the console was built without npm'); tell('!quit'); process.exit(0); }

/* ---- what must hold on every page ---- */

function inspect([target, button, contrast]) {
  const bad = [];
  const parse = (c) => { const m = c.match(/[\d.]+/g).map(Number); return c.startsWith('color(srgb') ? { r: m[0] * 255, g: m[1] * 255, b: m[2] * 255, a: m[3] ?? 1 } : { r: m[0], g: m[1], b: m[2], a: m[3] ?? 1 }; };
  const light = ({ r, g, b }) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a > 0.99) return c; } return { r: 255, g: 255, b: 255 }; };
  const seen = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !e.closest('.unseen, .skip, dialog:not([open])');
  const say = (e, what) => bad.push(`${e.tagName.toLowerCase()}.${e.className} "${(e.textContent || e.ariaLabel || '').slice(0, 30)}" ${what}`);
  for (const e of document.querySelectorAll('button, input, select, textarea, summary, a.button, .rail a')) {
    const box = e.getBoundingClientRect();
    if (seen(e) && !['range', 'checkbox'].includes(e.type) && !e.classList.contains('link') && box.height < button - 0.5) say(e, `is ${Math.round(box.height)} px high`);
    if (seen(e) && (box.height < target - 9 || box.width < target - 0.5)) say(e, `is ${Math.round(box.width)} x ${Math.round(box.height)} px`);
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement;
    if (!node.data.trim() || !seen(e) || e.closest('svg, button[disabled], [class*=unseen], .u-axis')) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < contrast) say(e, `has contrast ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) bad.push(`the page scrolls sideways: ${document.documentElement.scrollWidth} px`);
  if (/undefined|\[object|NaN\b|null\b|Invalid Date/.test(document.body.innerText)) bad.push('the page says ' + document.body.innerText.match(/.{0,30}(undefined|\[object|NaN\b|null\b|Invalid Date).{0,20}/)[0]);
  return bad;
}
async function check(page, what) { assert.deepEqual(await page.evaluate(inspect, [LEAST_TARGET_PX, LEAST_BUTTON_PX, LEAST_CONTRAST]), [], what); }
async function checkAxe(page, what) {
  if (!(await page.evaluate(() => typeof axe === 'object'))) await page.evaluate(axe); // past the page's own policy, by the debugger
  const found = await page.evaluate(() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 160)}`), [], what);
}

/* ---- the tests ---- */

let context;
const problems = [], tests = [];
const test = (name, run) => tests.push([name, run]);

async function open(hash = '#/carts', [width, height] = SIZES[0], theme = 'light') {
  const page = await context.newPage();
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  page.on('pageerror', (e) => problems.push(String(e)));
  page.on('console', (m) => { if (m.type() === 'error' && !/Failed to load resource/.test(m.text())) problems.push(m.text()); });
  page.on('request', (r) => { if (!r.url().startsWith(url) && !/^(data|blob):/.test(r.url())) problems.push('outside: ' + r.url()); });
  page.setDefaultTimeout(8000);
  await page.goto(url + '/' + hash);
  return page;
}
async function signedIn(...given) {
  const page = await open(...given);
  await page.waitForSelector('form.card, .rail');
  if (await page.locator('input#password').count()) {
    await page.fill('#name', 'ann');
    await page.fill('#password', 'correct horse');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.rail');
    await page.goto(url + '/' + given[0]);
  }
  return page;
}
const settle = async (page) => {
  await page.waitForFunction(() => !/Loading…|Reading/.test(document.body.innerText));
  await page.waitForFunction(() => [...document.images].every((i) => i.complete && i.naturalWidth > 0));
  await page.waitForTimeout(120);
};

test('signing in: what is wrong is said, and the way in', async () => {
  const page = await open('');
  await page.waitForSelector('#name');
  await page.screenshot({ path: join(shots, 'hub-signin-1440.png') });
  await checkAxe(page, 'sign-in');
  await check(page, 'sign-in');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'name');
  await page.keyboard.type('ann');
  await page.keyboard.press('Tab');
  await page.keyboard.type('wrong');
  await page.keyboard.press('Enter');
  assert.match(await page.locator('[role="alert"]').innerText(), /not right[\s\S]*administrator/);
  await page.fill('#password', 'correct horse');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.rail');
  tell('!sign-out');
  await page.waitForTimeout(50);
  await page.goto(url + '/#link=once');
  await page.reload();
  await page.waitForSelector('.rail');
  assert.ok(!(await page.url()).includes('once'), 'the link leaves the address');
  await page.close();
});

const PAGES = { carts: '#/carts', cart: '#/carts/cart-02?stream=brightness', trips: '#/trips', trip: '#/trips/cart-02/t160?t=44.6', 'trip-compare': '#/trips/cart-02/t160?t=12.5&with=bundle:careless', 'trip-none': '#/trips/cart-01/t160', 'trip-deleted': '#/trips/cart-03/t160', clip: '#/clips/3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b',
  rollouts: '#/rollouts', rollout: '#/rollouts/3', alerts: '#/alerts', incidents: '#/incidents', incident: '#/incidents/1', access: '#/access', 'carts-none': '#/carts?q=zzz', nowhere: '#/nowhere' };
for (const size of SIZES)
  for (const theme of ['light', 'dark'])
    test(`every page holds up: ${size[0]}, ${theme}`, async () => {
      const bad = [], page = await signedIn('#/carts', size, theme);
      for (const [name, hash] of Object.entries(PAGES)) {
        await page.goto(url + '/' + hash);
        await settle(page);
        await page.screenshot({ path: join(shots, `hub-${name}-${size[0]}${theme === 'dark' ? '-dark' : ''}.png`) });
        for (const look of size === SIZES[0] && theme === 'light' ? [check, checkAxe] : [check]) // axe takes most of the time, and sees the same tree in the dark
          await look(page, name).catch((e) => bad.push(`${name}: ${e.actual?.join?.('; ') ?? e.message}`));
      }
      await page.close();
      assert.deepEqual(bad, []);
    });

/* ---- what a person does ---- */

const rows = (page) => page.locator('tbody tr').count();
const hash = (page) => page.evaluate(() => location.hash);
async function download(page, press) {
  const [file] = await Promise.all([page.waitForEvent('download'), press()]);
  return [file.suggestedFilename(), readFileSync(await file.path(), 'utf8')];
}

test('lists filter by typing, keep it in the address, and go out as CSV and JSON', async () => {
  const page = await signedIn('#/carts');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 40);
  await page.fill('#f-q', 'CART-1');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 10);
  assert.match(await hash(page), /q=CART-1/);
  await page.selectOption('#c-state', 'attention');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
  assert.equal(await page.inputValue('#f-q'), 'CART-1');
  assert.equal(await page.inputValue('#c-state'), 'attention');
  const [name, text] = await download(page, () => page.getByRole('button', { name: 'CSV' }).click());
  assert.equal(name, 'carts.csv');
  assert.match(text, /^cart,store,state,[\s\S]*\r\ncart-11,north,attention,/);
  await page.fill('#f-q', '');
  await page.selectOption('#c-state', '');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 40);
  const [, json] = await download(page, () => page.getByRole('button', { name: 'JSON' }).click());
  assert.equal(JSON.parse(json).length, 40);
  await page.goto(url + '/#/trips');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 100);
  await page.getByRole('button', { name: 'Show more' }).click();
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 200);
  const [, trips] = await download(page, () => page.getByRole('button', { name: 'JSON' }).click());
  assert.equal(JSON.parse(trips).length, 960);
  await page.close();
});

test('a formula in a name is text in the spreadsheet, and markup is text on the page', async () => {
  const page = await signedIn('#/access');
  await page.waitForSelector('tbody tr');
  const [, text] = await download(page, () => page.getByRole('button', { name: 'CSV' }).click());
  assert.match(text, /,'=cmd/);
  assert.equal(await page.evaluate(() => window.owned), undefined);
  await page.getByRole('button', { name: 'Check the chain' }).click();
  await page.getByText('all 412 entries follow').waitFor();
  await page.close();
});

test('numbers carry their doubt, and a chart has its table', async () => {
  const page = await signedIn('#/carts/cart-02?stream=brightness');
  await page.waitForSelector('.u-wrap');
  assert.match(await page.locator('.facts .unseen').last().textContent(), /95 % interval \d+ to \d+, of [\d,]+ lines/);
  await page.getByText('The same as a table').first().click();
  assert.ok((await page.locator('details[open] tbody tr').count()) === 160);
  assert.match(await page.locator('main').innerText(), /0\.01 false alarms a week/);
  await page.close();
});

test('the player: scrub, step, play, jump to the next error, a link to the moment', async () => {
  const page = await signedIn('#/trips/cart-02/t160');
  await page.waitForSelector('canvas');
  const clock = () => page.locator('.clock').innerText();
  assert.match(await clock(), /^0:00\.0/);
  const wrong = [];
  for (let i = 0; i < 5; i++) { await page.keyboard.press('e'); wrong.push((await clock()).split(' ')[0]); }
  assert.equal(new Set(wrong).size, 5);
  assert.deepEqual([...wrong].sort(), wrong);
  await page.keyboard.press('Shift+E');
  assert.equal((await clock()).split(' ')[0], wrong[3]);
  const t = Number((await hash(page)).match(/t=([\d.]+)/)[1]);
  await page.keyboard.press('ArrowRight');
  assert.ok(Number((await hash(page)).match(/t=([\d.]+)/)[1]) > t, `after ${t}: ${await hash(page)}`);
  await page.waitForFunction(() => /camera 0 · frame \d/.test(document.querySelector('figcaption').innerText));
  const frame = await page.locator('figcaption').first().innerText();
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction((old) => document.querySelector('figcaption').innerText !== old, frame);
  const box = await page.locator('canvas').boundingBox();
  await page.mouse.click(box.x + box.width * 0.5, box.y + 40);
  const half = (await clock()).split(' ')[0];
  await page.keyboard.press(' ');
  await page.waitForFunction((old) => document.querySelector('.clock').innerText.split(' ')[0] !== old, half);
  await page.keyboard.press(' ');
  await page.getByRole('button', { name: 'Link to this moment' }).click();
  const here = await hash(page), at = (await clock()).split(' ')[0];
  const other = await signedIn(here);
  await other.waitForSelector('canvas');
  assert.ok(Math.abs(Number(at.split(':')[1]) - Number((await other.locator('.clock').innerText()).split(' ')[0].split(':')[1])) <= 0.11, `${at} of ${here}`);
  await other.close();
  assert.match(await page.locator('.moment').innerText(), /What the cart believed/);
  await page.getByText('All of it as tables').click();
  assert.ok((await page.locator('details[open] table').count()) >= 4);
  await page.close();
});

test('the lanes show what the trip holds: a pixel of each', async () => {
  const page = await signedIn('#/trips/cart-02/t160?t=1');
  await page.waitForSelector('canvas');
  await settle(page);
  const drawn = await page.evaluate(() => {
    const canvas = document.querySelector('canvas'), g = canvas.getContext('2d'), paper = [...g.getImageData(canvas.width - 2, 2, 1, 1).data].join(), names = canvas.ariaLabel.replace(/.*: /, '').split(', ');
    const heights = { Cells: 96, Motion: 34, Codes: 26, Belief: 62, Decisions: 30, Errors: 24, Truth: 28 };
    let top = 6;
    const out = {};
    for (const name of names) {
      const h = heights[name.split(/[ ,]/)[0]];
      if (!h) continue;
      const data = g.getImageData(120, top, canvas.width - 130, h).data;
      const colours = new Set();
      for (let i = 0; i < data.length; i += 4) { const c = [...data.slice(i, i + 4)].join(); if (c !== paper) colours.add(c); }
      out[name.split(/[ ,]/)[0]] = colours.size;
      top += h + 6;
    }
    return out;
  });
  assert.deepEqual(Object.keys(drawn), ['Cells', 'Motion', 'Codes', 'Belief', 'Decisions', 'Errors', 'Truth']);
  for (const [lane, colours] of Object.entries(drawn)) assert.ok(colours > 4, `${lane} has ${colours} colours`);
  await page.close();
});

test('a trip whose file was deleted says so, with who, when and why; one that nobody handed in says how', async () => {
  const page = await signedIn('#/trips/cart-03/t160');
  await page.getByText('This trip’s file was deleted').waitFor();
  const text = await page.locator('.say').innerText();
  assert.match(text, /02 Jun, \d\d:\d\d by eve/);
  assert.match(text, /the shopper asked for it/);
  assert.match(text, /kept for improve \(18 MB\), and is not taken again/);
  assert.doesNotMatch(text, /hand the file in/);
  assert.equal(await page.getByRole('link', { name: 'The signed receipt' }).getAttribute('href'), '/api/v1/trips/cart-03/t160/receipt');
  await page.goto(url + '/#/trips/cart-01/t160');
  await page.getByText('hand the file in').waitFor();
  assert.doesNotMatch(await page.locator('.say').innerText(), /deleted/);
  await page.close();
});

test('two minds on one trip, lane by lane', async () => {
  const page = await signedIn('#/trips/cart-02/t160');
  await page.fill('#with', 'bundle:careless');
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.getByText(/A and B agree on \d+ decisions?; \d+ only A made, \d+ only B/).waitFor();
  assert.match(await page.locator('canvas').getAttribute('aria-label'), /Belief A[\s\S]*Belief B/);
  assert.match(await hash(page), /with=bundle/);
  await page.fill('#with', 'bundle:none');
  await page.getByRole('button', { name: 'Compare' }).click();
  assert.match(await page.locator('[role="alert"]').innerText(), /no bundle none/);
  await page.close();
});

test('an alert is looked after; an incident gets notes, closes, and leaves a postmortem', async () => {
  const page = await signedIn('#/alerts?q=cart-05');
  await page.getByRole('button', { name: /^Acknowledge/ }).click();
  assert.match(await page.locator('dialog').innerText(), /stays open under your name/);
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  assert.equal(posts.length, 0, 'nothing happens before it is said yes to');
  await page.getByRole('button', { name: /^Acknowledge/ }).click();
  await page.locator('dialog').getByRole('button', { name: 'Acknowledge' }).click();
  await page.locator('.tag', { hasText: 'acknowledged' }).waitFor();
  await page.locator('tbody a[href*="incidents"]').first().click();
  await page.waitForSelector('.story');
  assert.ok(await page.getByRole('button', { name: 'Close incident' }).isDisabled());
  await page.fill('#note', 'Wiped the lens.');
  await page.getByRole('button', { name: 'Add note' }).click();
  await page.locator('.story').getByText('Wiped the lens.').waitFor();
  await page.getByRole('button', { name: /^Close alert/ }).click();
  await page.locator('dialog').getByRole('button', { name: 'Close' }).click();
  await page.waitForFunction(() => [...document.querySelectorAll('button')].some((b) => b.innerText === 'Close incident' && !b.disabled));
  await page.getByRole('button', { name: 'Close incident' }).click();
  await page.locator('dialog').getByRole('button', { name: 'Close incident' }).click();
  await page.waitForFunction(() => /closed/.test(document.querySelector('main p.row').innerText));
  const [name, text] = await download(page, () => page.getByRole('button', { name: /Postmortem/ }).click());
  assert.match(name, /^incident-\d+\.md$/);
  assert.match(text, /Wiped the lens\.[\s\S]*trundle run incident\/cart-05_t\d+\.mcap --recorded/);
  posts.length = 0;
  await page.close();
});

test('stop and roll back say first what will happen, and ask why', async () => {
  const page = await signedIn('#/rollouts/3');
  for (const [button, words, path] of [['Stop…', /No further cart gets fruit-2026-07; 1 cart that was told to fetch it will not[\s\S]*8 carts that have it keep it/, 'stop'], ['Roll back…', /8 carts go back to what they would run/, 'rollback'], ['Next stage…', /goes on from 25 % to all/, 'advance']]) {
    await page.getByRole('button', { name: button }).click();
    const dialog = page.locator('dialog');
    assert.match(await dialog.innerText(), words);
    await checkAxe(page, button);
    if (path === 'rollback') await page.screenshot({ path: join(shots, 'hub-rollback-1440.png') });
    const go = dialog.locator('button').last();
    assert.ok(await go.isDisabled(), 'no reason, no deed');
    await dialog.locator('textarea').fill('asks went up');
    if (path === 'advance') await dialog.getByLabel(/Go on without it/).check();
    await go.click();
    await dialog.waitFor({ state: 'detached' });
    assert.deepEqual(posts.pop(), { path: `/api/v1/rollouts/3/${path}`, body: path === 'advance' ? { why: 'asks went up', force: true } : { why: 'asks went up' } });
  }
  await page.close();
});

test('what went wrong is said, with what to do; what was there stays', async () => {
  const page = await signedIn('#/carts');
  await page.waitForSelector('tbody tr');
  tell('!fail');
  await page.fill('#f-q', 'cart-2');
  assert.match(await page.locator('[role="alert"]').innerText(), /the disk is full[\s\S]*free some space/);
  tell('!well');
  await page.fill('#f-q', '');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 40 && !document.querySelector('[role="alert"]'));
  tell('!sign-out');
  await page.waitForTimeout(50);
  await page.fill('#f-q', 'cart-3');
  await page.waitForSelector('input#password');
  assert.match(await hash(page), /q=cart-3/, 'who signs in again is where he was');
  await page.close();
});

test('the keyboard does all of it', async () => {
  const page = await signedIn('#/carts');
  await page.waitForSelector('tbody tr');
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'page');
  const seen = new Set();
  for (let i = 0; i < 12; i++) { await page.keyboard.press('Tab'); seen.add(await page.evaluate(() => document.activeElement.id || document.activeElement.innerText.trim())); }
  for (const name of ['CSV', 'JSON', 'f-q', 'c-state', 'f-store', 'cart-01']) assert.ok(seen.has(name), `${name} in ${[...seen]}`);
  await page.locator('a', { hasText: 'cart-01' }).first().focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('h1:has-text("cart-01")');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'page', 'a new page begins at its top');
  await page.close();
});

test('roles: what one may not do is not offered', async () => {
  const page = await signedIn('#/carts');
  await page.route('**/api/v1/session', (route) => route.fulfill({ json: { name: 'eve', roles: ['engineer'], password: true } }));
  await page.reload();
  await page.waitForSelector('.rail');
  assert.deepEqual(await page.locator('.rail > a .word').allInnerTexts(), ['Carts', 'Trips', 'Rollouts']);
  await page.goto(url + '/#/access');
  await page.getByText('Your roles do not show you this').waitFor();
  await page.goto(url + '/#/rollouts/3');
  await page.waitForSelector('.stages');
  for (const name of ['Next stage…', 'Stop…', 'Roll back…']) assert.ok(await page.getByRole('button', { name }).isDisabled());
  await page.close();
});

test('light and dark are chosen and kept', async () => {
  const page = await signedIn('#/carts');
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await ground();
  await page.locator('[data-key="theme"]').click();
  await page.locator('[data-key="theme"]').click();
  const changed = () => page.waitForFunction((was) => getComputedStyle(document.body).backgroundColor !== was, before);
  await changed();
  await page.reload();
  await page.waitForSelector('.rail');
  await changed();
  await page.evaluate(() => localStorage.clear());
  await page.close();
});

/* ---- run them ---- */

const profile = mkdtempSync(join(tmpdir(), 'trundle-hub-web-'));
let failed = 0;
context = await chromium.launchPersistentContext(profile, { executablePath: chromiumPath, acceptDownloads: true, args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
console.log(`1..${tests.length}`);
for (const [i, [name, run]] of tests.entries()) {
  const begin = performance.now();
  try {
    if (process.env.ONLY && !name.includes(process.env.ONLY)) { console.log(`ok ${i + 1} - ${name} # SKIP not asked for`); continue; }
    await run();
    assert.deepEqual(problems, []);
    console.log(`ok ${i + 1} - ${name}`);
  } catch (e) {
    failed++;
    console.log(`not ok ${i + 1} - ${name}\n${String(e.message).split('\n').slice(0, 30).map((l) => '# ' + l).join('\n')}`);
  }
  await Promise.all(context.pages().slice(1).map((page) => page.close())); // the browser allows six lines to one server
  problems.length = 0;
  if (process.env.TIMES) console.log(`# ${(performance.now() - begin).toFixed(0)} ms`);
}
await context.close();
tell('!quit');
rmSync(profile, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
