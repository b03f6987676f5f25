import { readdirSync, readFileSync } from 'node:fs';
import { parse, type ElementNode, type TemplateChildNode } from '@vue/compiler-dom';
import { parse as parseFile } from '@vue/compiler-sfc';
import { describe, expect, it } from 'vitest';

const SRC = new URL('../src/', import.meta.url);

type Texts = { [key: string]: string | Texts };

function texts(language: string): Map<string, string> {
    const file = readFileSync(new URL(`i18n/${language}.json`, SRC), 'utf8');
    const flat = new Map<string, string>();
    const walk = (node: Texts, path: string): void => {
        for (const [key, value] of Object.entries(node)) {
            if (typeof value === 'string') flat.set(path + key, value);
            else walk(value, `${path}${key}.`);
        }
    };
    walk(JSON.parse(file) as Texts, '');
    return flat;
}

function sources(folder: URL): string[] {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        if (entry.isDirectory()) return sources(new URL(`${entry.name}/`, folder));
        if (!/\.(vue|ts)$/.test(entry.name)) return [];
        return [readFileSync(new URL(entry.name, folder), 'utf8')];
    });
}

function holes(text: string): string[] {
    return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!))].sort();
}

const en = texts('en');
const id = texts('id');
const code = sources(SRC).join('\n');

describe('the texts', () => {
    it('exist in every language', () => {
        expect([...id.keys()].sort()).toEqual([...en.keys()].sort());
        for (const [key, text] of [...en, ...id]) expect(text.trim(), key).not.toBe('');
    });

    it('have the same values to fill in', () => {
        for (const [key, text] of en)
            expect(holes(id.get(key) ?? ''), key).toEqual(holes(text));
    });

    it('exist for every key the code names', () => {
        const named = [...code.matchAll(/\bt\(\s*'([\w.]+)'/g)].map((m) => m[1]!);
        expect(named.length).toBeGreaterThan(80);
        expect(named.filter((key) => !en.has(key))).toEqual([]);
    });

    it('say what every error of the protocol means, and nothing of its code', () => {
        const page = readFileSync(new URL('../../doc/PROTOCOL.md', SRC), 'utf8');
        const part = page.slice(page.indexOf('## Errors'), page.indexOf('## Commands'));
        const codes = [...part.matchAll(/^\| `(\w+)` \| \d{3} \|/gm)].map((m) => m[1]!);
        expect(codes.length).toBeGreaterThanOrEqual(10);
        for (const code of [...codes, 'offline', 'timeout']) {
            for (const language of [en, id]) {
                const text = language.get(`error.${code}`) ?? '';
                expect(text.length, code).toBeGreaterThan(20);
                expect(text).not.toContain('_');
            }
        }
    });

    it('are all used', () => {
        const prefixes = [...code.matchAll(/`([\w]+\.)\$\{/g)].map((m) => m[1]!);
        const unused = [...en.keys()].filter(
            (key) =>
                !code.includes(`'${key}'`) && !prefixes.some((p) => key.startsWith(p)),
        );
        expect(unused).toEqual([]);
    });
});

/* Attributes whose values people read or hear. */
const READ = new Set(['aria-label', 'title', 'alt', 'placeholder', 'label', 'about']);

/* What a template says by itself. */
function spoken(node: TemplateChildNode): string[] {
    if (node.type === 2) return [node.content];
    if (node.type !== 1) return [];
    const element: ElementNode = node;
    const attributes = element.props.flatMap((prop) => {
        if (prop.type === 6 && READ.has(prop.name)) return [prop.value?.content ?? ''];
        return [];
    });
    return [...attributes, ...element.children.flatMap(spoken)];
}

function templates(folder: URL): [name: string, template: string][] {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        if (entry.isDirectory()) return templates(new URL(`${entry.name}/`, folder));
        if (!entry.name.endsWith('.vue')) return [];
        const file = readFileSync(new URL(entry.name, folder), 'utf8');
        const template = parseFile(file).descriptor.template?.content ?? '';
        return [[entry.name, template] as [string, string]];
    });
}

describe('the templates', () => {
    it('say nothing that is not among the texts', () => {
        const all = templates(SRC);
        expect(all.length).toBeGreaterThan(20);
        const said = all.flatMap(([name, template]) =>
            parse(template)
                .children.flatMap(spoken)
                .filter((text) => /\p{L}/u.test(text))
                .map((text) => `${name}: ${text.trim()}`),
        );
        expect(said).toEqual([]);
    });
});

describe('the forms of a text', () => {
    it('are as many as the language has, or one for all', () => {
        for (const [language, all] of [
            ['en', en],
            ['id', id],
        ] as const) {
            const { pluralCategories } = new Intl.PluralRules(
                language,
            ).resolvedOptions();
            for (const [key, text] of all) {
                const forms = text.split(' | ').length;
                expect([1, pluralCategories.length], `${language} ${key}`).toContain(
                    forms,
                );
            }
        }
    });
});
