// Looks at pages in a headless Chromium as people do: wide and narrow, light and dark, on paper, without
// scripts, and by the rules of accessibility. One browser for all pages.
//
//   node look.mjs MODULES CHROMIUM PAGE...
//
// MODULES is the folder that holds node_modules. Prints a JSON object: for each page, what is not right.

import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { measure } from './measure.mjs';

const [modules, executablePath, ...pages] = process.argv.slice(2);
const require = createRequire(join(modules, 'node_modules') + '/');
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

// Each width in both schemes. Axe takes its time: it looks at the widest and the narrowest, one in each
// scheme, and at the figures that are folded away in the first of the two.
const SCREENS = [
  { width: 1440, scheme: 'light', byRules: true },
  { width: 1440, scheme: 'dark' },
  { width: 768, scheme: 'light' },
  { width: 768, scheme: 'dark' },
  { width: 390, scheme: 'light' },
  { width: 390, scheme: 'dark', byRules: true },
];
// A4 less its margins, at 96 dots an inch.
const PAPER = 718;
const HEIGHT = 900;
// As many pages at a time as there are cores for: the browser has a process for each.
const AT_ONCE = availableParallelism();

// A tab that shows the page. Whatever the page complains of or asks for is added to `found`.
async function opened(browser, page, found, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: HEIGHT }, ...options });
  const tab = await context.newPage();
  const url = pathToFileURL(page).href;
  tab.on('console', message => found.push(`console: ${message.text()}`));
  tab.on('pageerror', error => found.push(`error: ${error.message}`));
  tab.on('request', request => {
    const asked = request.url();
    if (asked !== url && !asked.startsWith('data:')) found.push(`asks for ${asked}`);
  });
  await tab.goto(url);
  return tab;
}

// What axe finds of all its rules, best practices among them.
async function violations(tab) {
  const { violations } = await tab.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
  return violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(node => `axe: ${id}: ${node.target.join(' ')}: ${node.failureSummary}`));
}

const fold = (tab, folded) => tab.evaluate(folded =>
  document.querySelectorAll('details').forEach(part => part.open = !folded), folded);

async function onScreen(tab, { width, scheme, byRules }) {
  await tab.setViewportSize({ width, height: HEIGHT });
  await tab.emulateMedia({ media: 'screen', colorScheme: scheme });
  await fold(tab, false);
  const found = await tab.evaluate(measure, scheme);
  if (byRules) {
    await fold(tab, scheme === 'dark');
    found.push(...await violations(tab));
  }
  return found.map(what => `${width} ${scheme}: ${what}`);
}

// On paper, which is white however dark the screen is, and shows figures that are folded on a screen.
async function onPaper(tab) {
  await tab.setViewportSize({ width: PAPER, height: HEIGHT });
  await tab.emulateMedia({ media: 'print', colorScheme: 'dark' });
  const found = await tab.evaluate(measure, 'light');
  const paper = await tab.pdf({ format: 'A4' });
  if (!paper.subarray(0, 5).equals(Buffer.from('%PDF-'))) found.push('it cannot be printed');
  return found.map(what => `print: ${what}`);
}

async function looked(browser, page) {
  const found = [];
  // First as it is without scripts, folded as it comes.
  const plain = await opened(browser, page, found, { javaScriptEnabled: false });
  const text = await plain.locator('body').innerText();
  await plain.context().close();
  const tab = await opened(browser, page, found);
  if (text !== await tab.locator('body').innerText()) found.push('says something else without scripts');
  found.push(...await onPaper(tab));
  // The page has no script of its own; axe is beside it.
  await tab.evaluate(axe);
  for (const screen of SCREENS) found.push(...await onScreen(tab, screen));
  await tab.context().close();
  return found;
}

const browser = await chromium.launch({
  executablePath,
  args: ['--disable-quic', '--disable-gpu', '--disable-dev-shm-usage'],
});
const told = {};
const left = [...pages];
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  for (let page; (page = left.shift());) told[basename(page, '.html')] = await looked(browser, page);
}));
await browser.close();
console.log(JSON.stringify(told));
