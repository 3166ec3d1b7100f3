// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// uPlot in the console's colours, with the table behind it.
import uPlot from 'uplot';
import { html } from 'htm/preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Table } from './ui.js';

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();

// Changes when the page goes light or dark, so that what is drawn can be drawn anew.
export function useTheme() {
  const [theme, set] = useState(0);
  useEffect(() => {
    const again = () => set((n) => n + 1), media = matchMedia('(prefers-color-scheme: dark)'), watcher = new MutationObserver(again);
    watcher.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    media.addEventListener('change', again);
    return () => { watcher.disconnect(); media.removeEventListener('change', again); };
  }, []);
  return theme;
}

// series: [{ label, tone ('s1'), values, width, points, dash }]; x in Unix seconds. `limit`: a line across at that height.
export function Chart({ label, x, series, limit, height = 240, unit = '', rows, columns }) {
  const box = useRef(), theme = useTheme();
  useEffect(() => {
    const grid = { stroke: colour('line'), width: 1 }, axis = { stroke: colour('quiet'), grid, ticks: grid, font: '12px system-ui' };
    const all = limit === undefined ? series : [...series, { label: 'limit', tone: 'quiet', values: x.map(() => limit), dash: [6, 4] }];
    const plot = new uPlot({
      width: box.current.clientWidth, height, cursor: { drag: { x: true, y: false } }, legend: { live: true },
      axes: [axis, { ...axis, size: 64, values: (u, list) => list.map((v) => `${+v.toPrecision(4)}${unit}`) }],
      series: [{ value: '{YYYY}-{MM}-{DD} {HH}:{mm}' }, ...all.map((s) => ({ label: s.label, stroke: colour(s.tone), width: s.width ?? 2, dash: s.dash, points: { show: s.points ?? false, size: 5, fill: colour(s.tone) },
        paths: s.points === true ? () => null : undefined, value: (u, v) => (v === null || v === undefined ? '' : +v.toPrecision(4) + unit) }))],
    }, [x, ...all.map((s) => s.values)], box.current);
    const sized = new ResizeObserver(() => plot.setSize({ width: box.current.clientWidth, height }));
    sized.observe(box.current);
    return () => { sized.disconnect(); plot.destroy(); };
  }, [x, series, limit, theme]);
  return html`<figure class="stack"><div class="chart" ref=${box} role="img" aria-label=${label}></div>
    ${rows && html`<details><summary>The same as a table</summary><${Table} label=${label} columns=${columns} rows=${rows} /></details>`}</figure>`;
}
