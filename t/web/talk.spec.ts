/* The conversation: long rooms, holes, places kept, what comes by the thousand. */
import { describe, expect, it } from 'vitest';
import { cast } from './cast';
import { PHONE, type Person } from './person';
import { waitFor } from './server';

const on = cast();
const LONG = 100_000;

interface Frames {
    work: number; /* of the page's thread for a frame, in ms (see scrollBy) */
    made: number; /* elements made for a frame */
    layouts: number; /* for a frame */
    nodes: number; /* the most elements the list had */
    blank: number; /* frames in which nothing but background was in the middle */
}

interface Costs {
    work: number;
    layouts: number;
}

const KNOWN = 18; /* ms that knownWork() takes where nothing else runs */
const PIECE = 10; /* frames whose work is measured together */

function median(list: number[]): number {
    return [...list].sort((a, b) => a - b)[list.length >> 1]!;
}

/* Scrolls by so many pixels each frame, and says what the frames were like. The work is
 * the thread's own time. As that too grows, up to twice, while others use the same
 * processor, a known piece of work in between tells by how much. */
async function scrollBy(person: Person, step: number, frames: number): Promise<Frames> {
    const tools = await person.context.newCDPSession(person.page);
    await tools.send('Performance.enable', { timeDomain: 'threadTicks' });
    const metrics = async (): Promise<Costs> => {
        const { metrics } = await tools.send('Performance.getMetrics');
        const value = (name: string) => metrics.find((one) => one.name === name)!.value;
        return { work: value('TaskDuration') * 1_000, layouts: value('LayoutCount') };
    };
    const sum = { made: 0, nodes: 0, blank: 0, layouts: 0, work: 0 };
    const known: number[] = [];
    for (let done = 0; done < frames; done += PIECE) {
        const size = Math.min(PIECE, frames - done);
        const before = await metrics();
        const piece = await scrollPiece(person, step, size);
        const after = await metrics();
        await person.page.evaluate(knownWork);
        known.push((await metrics()).work - after.work);
        sum.work += (after.work - before.work) / frames;
        sum.layouts += (after.layouts - before.layouts) / frames;
        sum.made += piece.made / frames;
        sum.nodes = Math.max(sum.nodes, piece.nodes);
        sum.blank += piece.blank;
    }
    await tools.detach();
    return { ...sum, work: (sum.work * KNOWN) / median(known) };
}

/* Of the kind that a frame does: elements with texts, laid out. */
function knownWork(): void {
    for (let round = 0; round < 10; round++) {
        const box = document.createElement('div');
        box.style.width = '600px';
        for (let i = 0; i < 100; i++) {
            const line = document.createElement('p');
            line.append(`line ${i} of some words that are laid out`);
            box.append(line);
        }
        document.body.append(box);
        if (box.offsetHeight === 0) throw new Error('nothing was laid out');
        box.remove();
    }
}

async function scrollPiece(
    person: Person,
    step: number,
    frames: number,
): Promise<{ made: number; nodes: number; blank: number }> {
    return person.page.evaluate(
        async ([by, count]) => {
            const box = document.querySelector<HTMLElement>('.scroller')!;
            const { top, bottom } = box.getBoundingClientRect();
            const seen = { made: 0, nodes: 0, blank: 0 };
            const watch = new MutationObserver((changes) => {
                for (const { addedNodes } of changes) {
                    for (const node of addedNodes) {
                        if (!(node instanceof Element)) continue;
                        seen.made += 1 + node.querySelectorAll('*').length;
                    }
                }
            });
            watch.observe(box, { childList: true, subtree: true });
            for (let i = 0; i < count; i++) {
                box.scrollTop += by;
                await new Promise(requestAnimationFrame);
                seen.nodes = Math.max(seen.nodes, box.querySelectorAll('*').length);
                const covered = [...box.querySelectorAll('[data-key]')].some((row) => {
                    const place = row.getBoundingClientRect();
                    return place.top < bottom - 200 && place.bottom > top + 200;
                });
                if (!covered) seen.blank++;
            }
            watch.disconnect();
            return seen;
        },
        [step, frames] as const,
    );
}

async function idOf(person: Person): Promise<string> {
    return (await person.api<{ user: { id: string } }>('me', {})).user.id;
}

function roomOf(person: Person): string {
    return person.page.url().split('/').pop()!;
}

/* What is in view, from the top. */
async function inView(person: Person): Promise<{ seq: number; text: string }[]> {
    return person.page.evaluate(() => {
        const box = document.querySelector('.scroller')!.getBoundingClientRect();
        return [...document.querySelectorAll<HTMLElement>('.message')].flatMap(
            (row) => {
                const { top, bottom } = row.getBoundingClientRect();
                if (bottom <= box.top || top >= box.bottom) return [];
                const text = row.querySelector('.text')?.textContent ?? '';
                return [{ seq: Number(row.dataset['seq']), text }];
            },
        );
    });
}

/* Until nothing has moved for a while of frames: what came into view is measured, texts are
 * formatted, and the place is noted. */
async function atRest(person: Person): Promise<void> {
    await person.page.evaluate(async () => {
        const FRAMES = 15;
        const place = () =>
            [...document.querySelectorAll('.message')]
                .map((row) => row.getBoundingClientRect())
                .map(({ top, height }) => `${top} ${height}`)
                .join();
        let last = '';
        for (let still = 0; still < FRAMES; still++) {
            await new Promise(requestAnimationFrame);
            const now = place();
            if (now !== last) still = 0;
            last = now;
        }
    });
}

describe('a room of 100,000 messages', () => {
    let ani: Person;
    let budi: Person;
    let room = '';

    it('opens at the first unread, with the hole to the newest not hidden', async () => {
        [ani, budi] = await on.pair();
        on.here = []; /* they stay for the next tests */
        room = roomOf(ani);
        const people = [await idOf(ani), await idOf(budi)];
        await budi.page.goto('about:blank');
        await on.server.fill(room, LONG, LONG / 2, people);

        await budi.page.goto(`${on.server.url}/#/r/${room}`);
        await budi.page.waitForSelector('.unread');
        const texts = (await inView(budi)).map(({ text }) => text);
        expect(texts.some((text) => /^line 50000\b/.test(text))).toBe(true);
        expect(texts.some((text) => /^line 50001\b/.test(text))).toBe(true);
        await budi.shot('long-unread');
    });

    it('scrolls with little work in each frame, and draws only what is near', async () => {
        for (const [step, frames] of [
            [-60, 150],
            [-400, 100],
            [150, 150],
        ] as const) {
            let least = Infinity;
            for (let tries = 0; tries < 3 && least >= 16; tries++) {
                const { work, made, layouts, nodes, blank } = await scrollBy(
                    budi,
                    step,
                    frames,
                );
                least = Math.min(least, work);
                expect(nodes).toBeLessThan(1_500);
                expect(made).toBeLessThan(80);
                expect(layouts).toBeLessThan(4);
                expect(blank).toBe(0);
                const seqs = (await inView(budi)).map(({ seq }) => seq);
                seqs.forEach((seq, at) => expect(seq).toBe(seqs[0]! + at));
            }
            expect(least).toBeLessThan(16);
        }
    }, 300_000);

    it('jumps to its beginning, its end, a question far away, and back', async () => {
        await budi.page.focus('.scroller');
        await budi.page.keyboard.press('Home');
        await budi.page.waitForSelector('.text:text-is("line 1")');
        await budi.page.keyboard.press('End');
        await budi.page.waitForSelector(`.text:text-is("line ${LONG}")`);
        await budi.page.waitForSelector('.latest', { state: 'detached' });

        await budi.page.click('.message:last-child .quote');
        await waitFor('the question in view', async () =>
            (await inView(budi)).some(({ text }) => /^line 101\b/.test(text)),
        );
        expect(await budi.page.locator('.gap.inner').count()).toBeLessThanOrEqual(2);
        await budi.page.click('.latest');
        await waitFor('the answer in view', async () =>
            (await inView(budi)).some(({ text }) => text === `line ${LONG}`),
        );
        on.here = [ani, budi];
    });
});

describe('a place in a room', () => {
    it('is kept while one reads elsewhere, whatever comes meanwhile', async () => {
        const [ani, budi] = await on.pair();
        await ani.sends([...Array(120).keys()].map((i) => `line ${i}`));
        await budi.reads('line 119');
        await scrollBy(budi, -40, 40);
        await atRest(budi);
        const before = await inView(budi);
        expect(before.some(({ text }) => text === 'line 119')).toBe(false);
        const other = await on.someone('Other');
        await budi.openDirect(other);
        await ani.say('one more');
        await budi.page.waitForSelector('.rooms .item:has-text("one more")');
        await budi.openRoom('Ani');
        await budi.page.waitForSelector(`.text:text-is("${before[1]!.text}")`);
        await waitFor('the same in view', async () => {
            const now = await inView(budi);
            return now[1]?.seq === before[1]!.seq;
        });
    });
});

describe('the end of a room', () => {
    it('stays in view when the window changes, as under a keyboard on the screen', async () => {
        const [ani, budi] = await on.pair({ viewport: PHONE });
        await budi.sends([...Array(40).keys()].map((i) => `line ${i}`));
        await ani.reads('line 39');
        const { width, height } = PHONE;
        const sizes = [
            [width, height - 300],
            [width, height],
            [height, width],
            [width, height],
            [1280, 800],
            [1280, 1000],
        ] as const;
        for (const [at, [wide, high]] of sizes.entries()) {
            await ani.page.setViewportSize({ width: wide, height: high });
            await budi.say(`at ${wide} × ${high}, ${at}`);
            await waitFor(`the newest in view at ${wide} × ${high}`, async () =>
                (await inView(ani)).some(({ text }) => text.endsWith(`, ${at}`)),
            );
            expect(await ani.page.locator('.latest').count()).toBe(0);
        }
    });
});

describe('new messages', () => {
    it('that fit into the view are seen, and the next ones are followed', async () => {
        const [ani, budi] = await on.pair();
        const other = await on.someone('Other');
        await ani.sends(['old']);
        await budi.reads('old');
        await budi.openDirect(other);
        await ani.sends(['new 0', 'new 1', 'new 2']);
        await budi.page.waitForSelector('.rooms .item:has-text("new 2")');
        await budi.openRoom('Ani');
        await budi.reads('new 2');
        await budi.page.waitForSelector('.unread');
        await atRest(budi);
        for (let i = 3; i < 20; i++) await ani.say(`new ${i}`);
        await waitFor('the newest in view', async () =>
            (await inView(budi)).some(({ text }) => text === 'new 19'),
        );
        expect(await budi.page.locator('.latest').count()).toBe(0);
    });

    it('that are more than the view holds do not go by', async () => {
        const [ani, budi] = await on.pair();
        const other = await on.someone('Other');
        await ani.sends(['old']);
        await budi.reads('old');
        await budi.openDirect(other);
        await ani.sends([...Array(60).keys()].map((i) => `new ${i}`));
        await budi.page.waitForSelector('.rooms .item:has-text("new 59")');
        await budi.openRoom('Ani');
        await budi.page.waitForSelector('.unread');
        await atRest(budi);
        await ani.say('one more');
        await budi.page.waitForSelector('.rooms .item:has-text("one more")');
        await atRest(budi);
        const texts = (await inView(budi)).map(({ text }) => text);
        expect(texts).toContain('new 0');
        expect(texts).not.toContain('one more');
        expect(await budi.page.locator('.latest').count()).toBe(1);
    });
});

describe('what one looks at', () => {
    it('stays where it is while texts above it are formatted and unfolded', async () => {
        const [ani, budi] = await on.pair();
        const item = '- **one**\n- two\n- `three`\n\n```\ncode\n```';
        await ani.sends([...Array(60).keys()].map((i) => `line ${i}\n\n${item}`));
        await ani.sends(['a long one '.repeat(400), 'the last line']);
        await budi.reads('the last line');
        await scrollBy(budi, -30, 10);
        await atRest(budi);
        const fold = () =>
            budi.page.evaluate(() =>
                document.querySelector<HTMLElement>('.more')!.click(),
            );
        const place = () =>
            budi.page.evaluate(() => {
                const rows = [...document.querySelectorAll('.message')];
                const row = rows.find((one) => one.querySelector('.more'))!;
                return row.getBoundingClientRect().top;
            });
        const before = await place();
        await fold();
        await budi.page.waitForSelector('.more:text-is("Show less")', {
            state: 'attached',
        });
        expect(Math.abs((await place()) - before)).toBeLessThan(2);
        await fold();
        await budi.page.waitForSelector('.more:text-is("Show more")', {
            state: 'attached',
        });
        expect(Math.abs((await place()) - before)).toBeLessThan(2);

        /* Every message is seen once on the way up, each right above the next. */
        const seen = new Set<number>();
        await waitFor('the first message', async () => {
            const rows = await inView(budi);
            rows.forEach(({ seq }, at) => expect(seq).toBe(rows[0]!.seq + at));
            for (const { seq } of rows) seen.add(seq);
            if (/^line 0\b/.test(rows[0]!.text)) return true;
            await scrollBy(budi, -200, 2);
            return false;
        });
        const all = [...seen].sort((a, b) => a - b);
        expect(all.length).toBeGreaterThan(50);
        expect(all.length).toBe(all.at(-1)! - all[0]! + 1);
    });
});

describe('the list by keyboard', () => {
    it('is walked with the arrows, answered with Enter, left with Escape', async () => {
        const [ani, budi] = await on.pair();
        await ani.sends(['one', 'two', 'three']);
        await budi.reads('three');
        await budi.page.focus('textarea');
        await budi.page.keyboard.press('ArrowUp');
        await budi.page.waitForSelector('.scroller:focus');
        await budi.page.keyboard.press('ArrowUp');
        await budi.page.waitForSelector('article:focus:has-text("three")');
        await budi.page.keyboard.press('ArrowUp');
        await budi.page.waitForSelector('article:focus:has-text("two")');
        const [place, size] = await Promise.all(
            ['aria-posinset', 'aria-setsize'].map((name) =>
                budi.page.getAttribute('article:focus', name),
            ),
        );
        expect([place, size]).toEqual(['2', '3']);
        await budi.page.keyboard.press('Enter');
        await budi.page.waitForSelector('.composer .reply:has-text("two")');
        await budi.page.waitForSelector('textarea:focus');
        await budi.page.keyboard.press('Escape');
        await budi.page.waitForSelector('.composer .reply', { state: 'detached' });
        await budi.page.focus('.scroller');
        await budi.page.keyboard.press('Escape');
        await budi.page.waitForSelector('textarea:focus');
        await budi.page.focus('.scroller');
        await budi.page.keyboard.type('typed');
        expect(await budi.page.inputValue('textarea')).toBe('typed');
    });

    it('is told to a screen reader: one message by its text, many by number', async () => {
        const [ani, budi] = await on.pair();
        await ani.say('listen');
        await budi.page.waitForSelector('[role=log]:has-text("Ani: listen")');
        await ani.sends([...Array(30).keys()].map(String));
        await budi.page.waitForSelector(
            '[role=log]:text-matches("\\\\d+ new messages")',
        );
    });
});

describe('the composer', () => {
    it('grows, keeps its draft over a reload, and sends with Enter only when composed', async () => {
        const [ani, budi] = await on.pair();
        const height = async () =>
            (await ani.page.locator('textarea').boundingBox())!.height;
        const low = await height();
        await ani.type('one');
        for (let i = 0; i < 3; i++) await ani.page.keyboard.press('Shift+Enter');
        await ani.page.keyboard.type('four');
        expect(await height()).toBeGreaterThan(low + 60);
        await ani.page.reload();
        await ani.page.waitForSelector('textarea');
        expect(await ani.page.inputValue('textarea')).toBe('one\n\n\nfour');
        expect(await height()).toBeGreaterThan(low + 60);

        /* Enter that ends the input of a word by an input method sends nothing. */
        await ani.page.locator('textarea').dispatchEvent('keydown', {
            key: 'Enter',
            isComposing: true,
        });
        expect(await ani.page.inputValue('textarea')).not.toBe('');
        await ani.page.keyboard.press('Enter');
        await waitFor('it was sent', async () => {
            return (await ani.page.inputValue('textarea')) === '';
        });
        expect(await height()).toBe(low);
        await budi.page.waitForSelector('.bubble:has-text("four")');
    });

    it('counts bytes as the limit comes near, and sends nothing beyond it', async () => {
        const [ani] = await on.pair();
        await ani.page.fill('textarea', 'é'.repeat(8_000));
        await ani.page.waitForSelector('.left:has-text("384")');
        await ani.page.fill('textarea', 'é'.repeat(8_200));
        await ani.page.waitForSelector('.left.over:has-text("16")');
        expect(await ani.page.isDisabled('.send')).toBe(true);
        await ani.page.keyboard.press('Enter');
        expect(await ani.page.locator('.message').count()).toBe(0);
    });

    it('has emoji: found by name, put where the cursor is, the last ones kept', async () => {
        const [ani, budi] = await on.pair();
        await ani.type('ab');
        await ani.page.keyboard.press('ArrowLeft');
        await ani.page.click('.smile');
        await ani.page.waitForSelector('.picker input:focus');
        await ani.page.keyboard.type('zebra');
        await ani.page.waitForSelector('.grid button:text-is("🦓")');
        await ani.page.keyboard.press('ArrowDown');
        await ani.page.waitForSelector('.grid button:focus');
        await ani.page.keyboard.press('Enter');
        await ani.page.keyboard.press('Escape');
        await ani.page.waitForSelector('textarea:focus');
        expect(await ani.page.inputValue('textarea')).toBe('a🦓b');
        await ani.page.keyboard.press('Enter');
        await budi.reads('a🦓b');
        await ani.page.reload();
        await ani.page.click('.smile');
        await ani.page.waitForSelector('.grid button:text-is("🦓")');
        expect(await ani.page.locator('.grid button').count()).toBe(1);
        await ani.shot('emoji');
        await ani.page.click('.picker input');
        expect(await ani.page.isVisible('.picker')).toBe(true);
        await ani.page.click('.scroller');
        await ani.page.waitForSelector('.picker', { state: 'detached' });
    });

    it('makes a line with Enter where there is no keyboard', async () => {
        const [ani] = await on.pair({ viewport: PHONE, touch: true });
        await ani.type('one');
        await ani.page.keyboard.press('Enter');
        await ani.page.keyboard.type('two');
        expect(await ani.page.inputValue('textarea')).toBe('one\ntwo');
        await ani.page.click('.send');
        await ani.page.waitForSelector('.bubble .text:has-text("two")');
    });
});

/* The tasks of all threads of a page: how many, and the longest one's ms. Its thread's
 * time, so that a busy machine does not count. */
function tasksIn(trace: Buffer): { longest: number; count: number } {
    const { traceEvents } = JSON.parse(trace.toString()) as {
        traceEvents: { name: string; tdur?: number }[];
    };
    const times = traceEvents.flatMap(({ name, tdur }) =>
        name.endsWith('RunTask') && tdur !== undefined ? [tdur / 1000] : [],
    );
    return { longest: Math.max(...times), count: times.length };
}

describe('a thousand messages in a second', () => {
    it('leave the page responsive, and all arrive in order', async () => {
        const [ani, budi] = await on.pair();
        const texts = [...Array(1_000).keys()].map((i) => `**n** ${i}`);
        await on.browser.startTracing(budi.page, {
            categories: ['toplevel', 'disabled-by-default-devtools.timeline'],
        });
        await ani.sends(texts);
        await budi.page.waitForSelector('.message:last-child .text:has-text("n 999")');
        const trace = await on.browser.stopTracing();
        const { longest, count } = tasksIn(trace);
        expect(count).toBeGreaterThan(100);
        expect(longest).toBeLessThan(200);
        const seqs = (await inView(budi)).map(({ seq }) => seq);
        seqs.forEach((seq, at) => expect(seq).toBe(seqs[0]! + at));
    });
});

/* Each would run something if it became HTML as it is. */
const ATTACKS = [
    '<script>hit()</script>',
    '<img src=x onerror=hit()>',
    '**<svg onload=hit()>**',
    '`<iframe srcdoc="<script>parent.hit()</script>">`',
    '```html"onmouseover="hit()\n</code></pre><img src=x onerror=hit()>\n```',
    '> <details open ontoggle=hit()>\n\n- <a href="javascript:hit()">x</a>',
    '[x](javascript:hit()) *<javascript:hit()>*',
    '**https://x.org/"onmouseover="hit()//** https://x.org/\'><img/src=x onerror=hit()>',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=hit()&gt;">',
    '*a* &lt;img src=x onerror=hit()&gt; &#60;script&#62;hit()&#60;/script&#62;',
    '1. <style>*{background:url(javascript:hit())}</style>\n2. <base href=//x.org>',
    '~~<form action="javascript:hit()"><button autofocus onfocus=hit()>~~',
    '**\u202e<b onclick=hit()>** \u2028 <x onclick=hit()>',
];

describe('formatted texts', () => {
    it('show bold, italic, code, quotes and lists; links open elsewhere', async () => {
        const [ani, budi] = await on.pair();
        await ani.sends([
            '**bold** and *slanted* and `code`, ~~gone~~',
            '> quoted\n\n- one\n- two',
            '```\nlet x = 1;\n```',
            '2*3*4 and snake_case_name',
            'see https://example.org/a_b_c *now*',
        ]);
        await budi.page.waitForSelector('.rich strong:text-is("bold")');
        for (const tag of ['em:text-is("slanted")', 'code:text-is("code")', 's'])
            await budi.page.waitForSelector(`.rich ${tag}`);
        await budi.page.waitForSelector('.rich blockquote:has-text("quoted")');
        expect(await budi.page.locator('.rich ul li').count()).toBe(2);
        const link = budi.page.locator('.rich a');
        expect(await link.getAttribute('href')).toBe('https://example.org/a_b_c');
        expect(await link.getAttribute('rel')).toBe('noopener noreferrer');
        expect(await link.getAttribute('target')).toBe('_blank');
        await budi.reads('2*3*4 and snake_case_name');

        await budi.context.grantPermissions(['clipboard-read', 'clipboard-write']);
        await budi.page.hover('.code');
        await budi.page.click('.copy-code');
        await budi.told('Copied');
        const copied = await budi.page.evaluate(() => navigator.clipboard.readText());
        expect(copied).toBe('let x = 1;');
    });

    it('run nothing, whatever somebody sends, and break no rule of the page', async () => {
        const [ani, budi] = await on.pair();
        await budi.page.evaluate(() => {
            const page = window as unknown as { hits: string[]; hit(): void };
            page.hits = [];
            page.hit = () => page.hits.push('ran');
            document.addEventListener('securitypolicyviolation', (event) =>
                page.hits.push(event.violatedDirective),
            );
        });
        await ani.sends([...ATTACKS, '**the end**']);
        await budi.page.waitForSelector('.rich strong:text-is("the end")');
        await scrollBy(budi, -120, 20);
        for (const bubble of await budi.page.locator('.bubble').all())
            await bubble.hover({ timeout: 2_000 }).catch(() => undefined);
        const state = await budi.page.evaluate(() => ({
            hits: (window as unknown as { hits: string[] }).hits,
            tags: [...document.querySelectorAll('.text *')].map((one) => one.localName),
            handlers: [...document.querySelectorAll('.text *')].flatMap((one) =>
                one.getAttributeNames().filter((name) => name.startsWith('on')),
            ),
            links: [...document.querySelectorAll<HTMLAnchorElement>('.text a')].map(
                (one) => one.protocol,
            ),
        }));
        expect(state.hits).toEqual([]);
        expect(state.handlers).toEqual([]);
        expect(new Set(state.links)).toEqual(new Set(['https:']));
        for (const tag of ['script', 'img', 'svg', 'style', 'iframe', 'form', 'base'])
            expect(state.tags).not.toContain(tag);
    });

    it('become HTML only under the two policies that the server names', async () => {
        const ani = await on.someone('Ani');
        const answer = await fetch(on.server.url);
        const rules = answer.headers.get('content-security-policy') ?? '';
        expect(rules).toContain("require-trusted-types-for 'script'");
        expect(rules).toMatch(/trusted-types vue dompurify(;|$)/);
        const refused = await ani.page.evaluate(() => {
            try {
                document.createElement('div').innerHTML = '<b>x</b>';
                return 'taken';
            } catch (e) {
                return (e as Error).name;
            }
        });
        expect(refused).toBe('TypeError');
        ani.complaints.length = 0; /* of this very try */
    });
});
