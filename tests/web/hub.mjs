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
    if (seen(e) && e.type !== 'range' && !e.classList.contains('link') && box.height < button - 0.5) say(e, `is ${Math.round(box.height)} px high`);
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

const PAGES = { carts: '#/carts', cart: '#/carts/cart-02?stream=brightness', trips: '#/trips', trip: '#/trips/cart-02/t160?t=44.6', 'trip-compare': '#/trips/cart-02/t160?t=12.5&with=bundle:careless', 'trip-none': '#/trips/cart-01/t160', clip: '#/clips/3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b',
  rollouts: '#/rollouts', rollout: '#/rollouts/3', alerts: '#/alerts', incidents: '#/incidents', incident: '#/incidents/1', access: '#/access', 'carts-none': '#/carts?q=zzz', nowhere: '#/nowhere' };
for (const size of SIZES)
  for (const theme of ['light', 'dark'])
    test(`every page holds up: ${size[0]}, ${theme}`, async () => {
      const bad = [];
      for (const [name, hash] of Object.entries(PAGES)) {
        const page = await signedIn(hash, size, theme);
        await settle(page);
        await page.screenshot({ path: join(shots, `hub-${name}-${size[0]}${theme === 'dark' ? '-dark' : ''}.png`) });
        for (const look of [check, checkAxe]) await look(page, name).catch((e) => bad.push(`${name}: ${e.actual?.join?.('; ') ?? e.message}`));
        await page.close();
      }
      assert.deepEqual(bad, []);
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
