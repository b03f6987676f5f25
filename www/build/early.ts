/* A Vite plugin: src/early.ts is a script of its own, asked for before the large one
 * (which imports it) and run as soon as it is there. */
import type { Plugin } from 'vite';

export function early(): Plugin {
    return {
        name: 'burung-early',
        apply: 'build',
        config: () => ({
            build: {
                rollupOptions: {
                    input: { index: 'index.html', early: 'src/early.ts' },
                },
            },
        }),
        transformIndexHtml: {
            order: 'post',
            handler: (html, { bundle }) => {
                const chunk = Object.values(bundle ?? {}).find(
                    (one) => one.type === 'chunk' && one.name === 'early',
                );
                const large = '<script type="module"';
                if (!chunk || !html.includes(large)) {
                    throw new Error('there is no early script, or nothing to precede');
                }
                const how = 'type="module" async crossorigin fetchpriority="high"';
                const tag = `<script ${how} src="/${chunk.fileName}"></script>`;
                return html.replace(large, `${tag}\n      ${large}`);
            },
        },
    };
}
