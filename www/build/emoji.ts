/* A Vite plugin: the module `virtual:emoji`, made while building of the names of all
 * emoji (unicode-emoji-json), as little as the picker needs. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Plugin } from 'vite';

const NAME = 'virtual:emoji';

interface Emoji {
    emoji: string;
    name: string;
    skin_tone_support: boolean;
}

interface Group {
    slug: string;
    emojis: Emoji[];
}

/* Each group as lines `emoji name`; a `+` before the name: it comes in skin tones. */
function pack(groups: Group[]): [string, string][] {
    return groups.map(({ slug, emojis }) => {
        const lines = emojis.map(({ emoji, name, skin_tone_support: tones }) => {
            return `${emoji} ${tones ? '+' : ''}${name}`;
        });
        return [slug, lines.join('\n')];
    });
}

export function emoji(): Plugin {
    return {
        name: 'burung-emoji',
        resolveId: (id) => (id === NAME ? `\0${NAME}` : null),
        load(id) {
            if (id !== `\0${NAME}`) return null;
            const require = createRequire(import.meta.url);
            const path = require.resolve('unicode-emoji-json/data-by-group.json');
            const groups = JSON.parse(readFileSync(path, 'utf8')) as Group[];
            return `export default ${JSON.stringify(pack(groups))};`;
        },
    };
}
