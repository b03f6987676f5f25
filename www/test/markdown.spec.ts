import { describe, expect, it } from 'vitest';
import { render } from '../src/state/markdown';
import { looksFormatted } from '../src/state/rich';

describe('light formatting', () => {
    it('knows bold, italic, struck, code, quotes and lists, and nothing else', () => {
        expect(render('**a** *b* __c__ _d_ ~~e~~ `f`')).toBe(
            '<p><strong>a</strong> <em>b</em> <strong>c</strong> <em>d</em> ' +
                '<s>e</s> <code>f</code></p>\n',
        );
        expect(render('> a')).toContain('<blockquote>');
        expect(render('- a\n- b')).toContain('<li>b</li>');
        expect(render('3. a')).toContain('<ol start="3">');
        expect(render('```js\n*a*\n```')).toContain('*a*\n</code></pre>');
        expect(render('# a')).toBe('<p># a</p>\n');
        expect(render('![a](b) [c](d)')).toBe('<p>![a](b) [c](d)</p>\n');
        expect(render('<b>a</b>')).toBe('<p>&lt;b&gt;a&lt;/b&gt;</p>\n');
        expect(render('a\nb')).toBe('<p>a<br>b</p>\n');
    });

    it('leaves stars and lines within words alone', () => {
        for (const text of ['2*3*4', 'snake_case_name', 'C:\\_dir_x'])
            expect(render(text)).toBe(`<p>${text}</p>\n`);
    });

    it('finds web addresses as plain text does, whatever is in them', () => {
        const link = (url: string) => `<a href="${url}">${url}</a>`;
        expect(render('*see* https://x.org/_a_*b*, ok')).toBe(
            `<p><em>see</em> ${link('https://x.org/_a_*b*')}, ok</p>\n`,
        );
        expect(render('xhttps://x.org')).toContain(link('https://x.org'));
        expect(render('`https://x.org` ftp://x javascript:x')).not.toContain('<a');
    });

    it('is asked only for texts in which there may be something to format', () => {
        const plain = [
            'hello',
            '2*3',
            'a-b',
            '5. ',
            '-',
            '',
            'x > y',
            'snake_case',
            '*',
        ];
        for (const text of plain) expect(looksFormatted(text), text).toBe(false);
        const marked = ['**a**', '_a_', '`a`', '> a', '- a', '1. a', 'a\n- b', '(*a*)'];
        for (const text of marked) expect(looksFormatted(text), text).toBe(true);
        for (const text of plain.filter((one) => one !== '' && one.trim() === one)) {
            if (['-', '*'].includes(text)) continue;
            const html = text.replaceAll('>', '&gt;');
            expect(render(text)).toBe(`<p>${html}</p>\n`);
        }
    });

    it('takes no long time for any text of 16 KiB', () => {
        const parts = [
            '*',
            '_',
            '`',
            '> ',
            '- ',
            '~~',
            'https://',
            '*_',
            '**a ',
            '\n> - ',
        ];
        for (const part of parts) {
            const text = part.repeat(16_384 / part.length);
            const start = performance.now();
            render(text);
            expect(performance.now() - start, JSON.stringify(part)).toBeLessThan(1_000);
        }
    });
});
