// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// Starts the page: settings, language, the line to the cart, and what a tap does.
import { words } from './draw.js';
import { listen, touch } from './link.js';
import { show, sentence } from './view.js';
import * as sheets from './sheet.js';

const LANGUAGES = [['en', 'English'], ['es', 'Español']]; // text/NAME.js each
const NOTE_MS = 9000;
const root = document.documentElement;
const asked = new URLSearchParams(location.search); // ?lang=es&theme=dark&hand=left&dir=rtl, for a cart's set-up and for tests

function kept(key, otherwise) {
  if (asked.has(key)) return asked.get(key);
  try {
    return localStorage.getItem(key) ?? otherwise;
  } catch {
    return otherwise;
  }
}

const browser = navigator.language.slice(0, 2);
const now = { lang: kept('lang', LANGUAGES.some(([l]) => l === browser) ? browser : 'en'), theme: kept('theme', 'auto'), hand: kept('hand', 'right'), sound: kept('sound', 'off') };
const ui = { connected: true, failed: false, thanked: false, answered: 0 };
let state = null;
let said = '';
let heard = '';
let audio = null;

const draw = () => {
  show(state, ui, act);
  if (state) sheets.refresh(state);
};

function note(name) {
  ui[name] = true;
  clearTimeout(note[name]);
  note[name] = setTimeout(() => { ui[name] = false; draw(); }, NOTE_MS);
  draw();
}

const act = {
  async touch(body) {
    const taken = await touch(body);
    if (!taken) note('failed');
    return taken;
  },
  async answer(body) {
    ui.answered = body.ref;
    draw();
    document.getElementById('stage').focus({ preventScroll: true });
    if (!(await act.touch(body))) {
      ui.answered = 0; // the question comes back
      draw();
    }
  },
  async wrong(line) {
    if (await act.touch({ kind: 'wrong', ref: line })) note('thanked');
  },
  line: (id) => sheets.lineSheet(id, () => state, act),
  pick: () => sheets.picker((product) => act.touch({ kind: 'plu', product })),
  search: (question) => sheets.picker((product) => act.answer({ kind: 'answer', ref: question.id, option: 'else', product })),
  settings: () => sheets.settings(now, LANGUAGES, () => state, set, act),
};

// Two soft notes up for "in", one down for "out", when asked for; what they say is on the screen as well.
function sound(kind) {
  if (now.sound !== 'on') return;
  audio ??= new AudioContext();
  const notes = kind === 'removed' ? [392] : kind === 'asking' ? [523, 440] : [523, 659];
  notes.forEach((hz, i) => {
    const tone = audio.createOscillator();
    const gain = audio.createGain();
    const at = audio.currentTime + i * 0.09;
    tone.frequency.value = hz;
    gain.gain.setValueAtTime(0.12, at);
    gain.gain.exponentialRampToValueAtTime(0.001, at + 0.18);
    tone.connect(gain).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.2);
  });
}

function happened() {
  const last = state.last;
  const key = last ? JSON.stringify([last.kind, last.line, last.t_s, last.n]) : '';
  if (key === heard) return;
  const first = heard === '' && said === '';
  heard = key;
  if (!last) return;
  said = sentence(state);
  document.getElementById('said').textContent = said;
  if (!first) sound(last.kind);
}

async function set(key, value) {
  now[key] = value;
  try {
    localStorage.setItem(key, value);
  } catch { /* a page without storage forgets */ }
  await apply();
  if (key === 'lang') act.settings();
  draw();
}

async function apply() {
  if (words.text.code !== now.lang) words.text = { ...(await import(`/text/${now.lang === 'es' ? 'es' : 'en'}.js`)).default, code: now.lang };
  root.lang = now.lang;
  root.dir = asked.get('dir') ?? words.text.dir;
  root.dataset.theme = now.theme;
  root.dataset.hand = now.hand;
}

await apply();
draw();
listen((next) => {
  state = next;
  draw();
  happened();
  root.dataset.seq = String(next.seq);
}, (connected) => {
  if (ui.connected === connected) return;
  ui.connected = connected;
  draw();
});
