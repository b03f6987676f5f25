/* Draws public/icon-*.png from src/style/bird.svg: icons.mjs, with CHROMIUM. Run by hand
 * when the bird changes; what it draws is in the repository. */
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const bird = readFileSync(new URL('../src/style/bird.svg', import.meta.url), 'utf8');
/* Launchers cut their own shape out of this one: colour to the edge, the bird smaller. */
const bleeding = bird
    .replace(' rx="18"', '')
    .replace(/(<rect[^>]*>)([\s\S]*)(<\/svg>)/, (_, rect, shape, end) => {
        return `${rect}<g transform="translate(9 9) scale(.72)">${shape}</g>${end}`;
    });

const ICONS = [
    ['icon-192', 192, bird],
    ['icon-512', 512, bird],
    ['icon-maskable', 512, bleeding],
    ['icon-apple', 180, bleeding],
];

const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
});
for (const [name, size, svg] of ICONS) {
    const page = await browser.newPage({ viewport: { width: size, height: size } });
    const source = Buffer.from(svg).toString('base64');
    await page.setContent(
        `<style>*{margin:0}img{display:block;width:${size}px;height:${size}px}</style>` +
            `<img src="data:image/svg+xml;base64,${source}">`,
    );
    await page.screenshot({ path: `public/${name}.png`, omitBackground: true });
    await page.close();
}
await browser.close();
