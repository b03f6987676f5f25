import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { gunzipSync, brotliDecompressSync } from 'node:zlib';

const DIST = new URL('../dist/', import.meta.url);
const LIMIT = 100 * 1024;

describe('the built client (npm run build comes first)', () => {
    let files: string[] = [];

    beforeAll(() => {
        expect(existsSync(new URL('index.html', DIST)), 'npm run build').toBe(true);
        files = readdirSync(new URL('assets/', DIST)).map((name) => `assets/${name}`);
    });

    function read(name: string): Buffer {
        return readFileSync(new URL(name, DIST));
    }

    /* The texts of one language are loaded too. */
    function longestTexts(): string {
        const texts = files.filter((name) => /\/(en|id)-[\w-]+\.js$/.test(name));
        expect(texts.length).toBe(2);
        const size = (name: string): number => read(`${name}.gz`).length;
        return texts.sort((a, b) => size(b) - size(a))[0]!;
    }

    it('loads with at most 100 KB, compressed with gzip', () => {
        const html = read('index.html').toString();
        const named = [
            ...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g),
        ];
        const loaded = new Set(['index.html', ...named.map((found) => found[1]!)]);
        expect(loaded.size).toBeGreaterThanOrEqual(4);
        loaded.add(longestTexts());
        const total = [...loaded].reduce(
            (sum, name) => sum + read(`${name}.gz`).length,
            0,
        );
        expect(total).toBeLessThanOrEqual(LIMIT);
    });

    it('asks who is here, and for the texts, while most of it is on its way', () => {
        const html = read('index.html').toString();
        const early = /<script[^>]* async[^>]* src="\/(assets\/early-[^"]+)"/.exec(
            html,
        );
        expect(early).not.toBeNull();
        expect(early!.index).toBeLessThan(html.indexOf('/assets/index-'));
        const text = read(early![1]!).toString();
        expect(read(`${early![1]}.gz`).length).toBeLessThan(3 * 1024);
        /* on its own: what it imported would have to come first */
        expect(text).not.toMatch(/(^|;)import[\s"{*]/);
    });

    it('loads rare views only when they are shown', () => {
        const html = read('index.html').toString();
        for (const rare of [
            'SettingsPanel',
            'MembersPanel',
            'DirectoryPanel',
            'FindPanel',
            'QuickSwitch',
            'ShortcutsDialog',
            'notify',
        ]) {
            const chunk = files.find((name) => name.includes(rare) && /js$/.test(name));
            expect(chunk, rare).toBeDefined();
            expect(html).not.toContain(rare);
        }
    });

    it('has .gz and .br of the same content beside every file', () => {
        const plain = [
            'index.html',
            ...files.filter((name) => !/\.(gz|br)$/.test(name)),
        ];
        for (const name of plain) {
            expect(gunzipSync(read(`${name}.gz`)).equals(read(name)), name).toBe(true);
            expect(
                brotliDecompressSync(read(`${name}.br`)).equals(read(name)),
                name,
            ).toBe(true);
        }
    });

    it('runs under a CSP without unsafe-eval and unsafe-inline', () => {
        const html = read('index.html').toString();
        expect(html).not.toMatch(/<script(?![^>]*\ssrc=)/);
        expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/);
        for (const name of files.filter((file) => file.endsWith('.js'))) {
            expect(read(name).toString(), name).not.toMatch(/\beval\(|new Function\(/);
        }
    });

    it('asks no other host for anything', () => {
        for (const name of [
            'index.html',
            ...files.filter((f) => /\.(js|css)$/.test(f)),
        ]) {
            const hosts = [
                ...read(name)
                    .toString()
                    .matchAll(/(?:src|href)="https?:|url\(["']?https?:|@import/g),
            ];
            expect(hosts.map(String), name).toEqual([]);
        }
    });

    it('has a small service worker that keeps all of it', () => {
        const worker = read('sw.js').toString();
        expect(read('sw.js.gz').length).toBeLessThan(4 * 1024);
        const listed = [...worker.matchAll(/"\/([^"]+)"/g)].map((found) => found[1]!);
        const plain = files.filter((name) => !/\.(gz|br)$/.test(name));
        const wanted = [...plain, 'index.html', 'manifest.webmanifest'];
        expect(wanted.filter((name) => !listed.includes(name))).toEqual([]);
        expect(worker).toMatch(/"[0-9a-f]{16}"/);
    });

    it('can be installed: a manifest with icons that are there', () => {
        const manifest = JSON.parse(read('manifest.webmanifest').toString()) as {
            start_url: string;
            icons: { src: string; purpose?: string }[];
        };
        expect(manifest.start_url).toBe('/');
        expect(manifest.icons.some((icon) => icon.purpose === 'maskable')).toBe(true);
        for (const { src } of manifest.icons) {
            expect(existsSync(new URL(src.slice(1), DIST)), src).toBe(true);
        }
        expect(read('index.html').toString()).toContain('rel="manifest"');
    });

    it('names every asset by its content', () => {
        for (const name of files) expect(name).toMatch(/-[\w-]{8}\.\w+(\.gz|\.br)?$/);
    });
});
