import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

/* What each layer may import: folders, files and packages. Those further down know
 * nothing of those further up. */
const STYLE = ['style'];
const PLAIN = ['protocol'];
const STATE = [...PLAIN, 'i18n', 'state', 'vue', ...STYLE];
const SHOWN = [...STATE, 'components', 'vue-i18n'];
const LAYERS: Record<string, string[]> = {
    protocol: PLAIN,
    worker: ['worker'],
    i18n: ['i18n', 'vue', 'vue-i18n'],
    state: [...STATE, 'markdown-it', 'dompurify', 'virtual:emoji'],
    components: [...SHOWN, 'protocol/types'],
    views: [...SHOWN, 'views'],
};

interface Import {
    from: string; /* path below src/ */
    to: string; /* path below src/, or a package */
}

function filesBelow(folder: string): string[] {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) return filesBelow(path);
        return /\.(ts|vue)$/.test(entry.name) ? [path] : [];
    });
}

/* Static and lazy imports of a file; of types, too. */
function importsOf(file: string): Import[] {
    const text = readFileSync(file, 'utf8');
    const found = text.matchAll(/(?:\bfrom\s+|\bimport\(\s*|^import\s+)'([^']+)'/gm);
    return [...found].map(([, name]) => ({
        from: relative(SRC, file),
        to: name!.startsWith('.') ? relative(SRC, join(dirname(file), name!)) : name!,
    }));
}

function layerOf(path: string): string {
    return path.split('/')[0]!;
}

const imports = filesBelow(SRC).flatMap(importsOf);

describe('the layers of the source', () => {
    it.each(Object.keys(LAYERS))('%s imports only what it may know', (layer) => {
        const own = imports.filter(({ from }) => layerOf(from) === layer);
        const allowed = new Set(LAYERS[layer]);
        const wrong = own.filter(({ to }) => !allowed.has(layerOf(to)));
        expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
    });

    it('are all folders there are', () => {
        const folders = new Set(imports.map(({ from }) => layerOf(from)));
        const known = [
            ...Object.keys(LAYERS),
            'App.vue',
            'early.ts',
            'main.ts',
            'env.d.ts',
        ];
        expect([...folders].filter((one) => !known.includes(one))).toEqual([]);
    });

    it('let components and views see the protocol’s types, not its machinery', () => {
        const seen = imports.filter(({ from, to }) => {
            const shown = ['components', 'views'].includes(layerOf(from));
            return shown && layerOf(to) === 'protocol';
        });
        expect(seen.length).toBeGreaterThan(5);
        const allowed = ['protocol/types', 'protocol/ids'];
        expect(seen.filter(({ to }) => !allowed.includes(to))).toEqual([]);
    });
});
