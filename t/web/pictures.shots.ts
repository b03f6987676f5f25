/* Makes the pictures in doc/screenshots/ from a real server: `npm run shots`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { cast } from './cast';
import { PHONE, type Person } from './person';

const on = cast();
const FOLDER = fileURLToPath(new URL('../../doc/screenshots/', import.meta.url));
const MOST = 80 * 1024;

/* A WebP of the page as it is, encoded by the browser itself. */
async function take(person: Person, painter: Person, name: string): Promise<void> {
    await person.page.mouse.move(0, 0);
    const png = await person.page.screenshot({ animations: 'disabled' });
    const webp = await painter.page.evaluate(async (data) => {
        const image = new Image();
        image.src = `data:image/png;base64,${data}`;
        await image.decode();
        const canvas = document.createElement('canvas');
        canvas.width = image.width;
        canvas.height = image.height;
        canvas.getContext('2d')?.drawImage(image, 0, 0);
        return canvas.toDataURL('image/webp', 0.86).split(',')[1] ?? '';
    }, png.toString('base64'));
    const bytes = Buffer.from(webp, 'base64');
    expect(bytes.length, name).toBeGreaterThan(2_000);
    expect(bytes.length, name).toBeLessThanOrEqual(MOST);
    writeFileSync(`${FOLDER}${name}.webp`, bytes);
}

it('makes pictures of the main views', async () => {
    mkdirSync(FOLDER, { recursive: true });
    const maya = await on.someone('Maya Lestari');
    const others = await on.everyone(['Budi Santoso', 'Citra Dewi', 'Eka Putri']);
    const [budi, citra, eka] = others;
    await maya.makeGroup('Community garden', 'Public');
    for (const one of others) await maya.add(one.name);
    await citra.openDirect(maya);
    await citra.say('Can you bring the blue watering can tomorrow?');
    await eka.openDirect(maya);
    await eka.say('Thank you for the recipe 🙏');
    await maya.openRoom('Community garden');
    await maya.say('Good morning! The **tomato seedlings** are ready.');
    await budi.openRoom('Community garden');
    await budi.say('Great. I can take twelve of them.');
    await budi.say('Who has the key to the shed?');
    await citra.openRoom('Community garden');
    await citra.say('I have it. See you at nine 🌱');
    await eka.openRoom('Community garden');
    await eka.say('The plan for the beds: https://garden.example/beds');
    await maya.page.waitForSelector('.bubble:has-text("The plan")');
    await maya.say('Perfect, see you all there!');
    await budi.page.waitForSelector('.bubble:has-text("Perfect")');
    await maya.page.click('.offer button:not(.yes)');
    for (const scheme of ['light', 'dark'] as const) {
        await maya.page.emulateMedia({ colorScheme: scheme });
        await maya.page.setViewportSize({ width: 1280, height: 800 });
        if (!(await maya.page.isVisible('.details'))) {
            await maya.page.click('.head .about');
        }
        await maya.page.waitForSelector('[data-member]');
        await take(maya, budi, `desktop-${scheme}`);
        await maya.page.click('.details .bar .icon-button');
        await maya.page.setViewportSize(PHONE);
        await take(maya, budi, `phone-chat-${scheme}`);
        await maya.page.click('.to-list');
        await maya.page.waitForSelector('.rooms [data-room]');
        await take(maya, budi, `phone-list-${scheme}`);
        await maya.page.click('.me');
        await maya.page.waitForSelector('[data-page=profile]');
        await take(maya, budi, `phone-settings-${scheme}`);
        await maya.page.click('.panel .bar .icon-button');
        await maya.openRoom('Community garden');
    }
}, 180_000);
