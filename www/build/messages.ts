/* A Vite plugin: compiles the texts in src/i18n/*.json while building, so that the
 * browser needs no compiler and no eval (the CSP forbids it). */
import { baseCompile } from '@intlify/message-compiler';
import type { Plugin } from 'vite';

type Node = string | { [key: string]: Node };

function compile(node: Node): unknown {
    if (typeof node === 'string') {
        return baseCompile(node, {
            jit: true,
            optimize: true,
            minify: true,
            location: false,
        }).ast;
    }
    return Object.fromEntries(
        Object.entries(node).map(([key, value]) => [key, compile(value)]),
    );
}

export function messages(): Plugin {
    return {
        name: 'burung-messages',
        enforce: 'pre',
        transform(code, id) {
            if (!/\/src\/i18n\/[a-z]+\.json$/.test(id)) return null;
            const compiled = JSON.stringify(compile(JSON.parse(code) as Node));
            return { code: compiled, map: null };
        },
    };
}
