/* A Vite plugin: builds the service worker, with the list of all that was built. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformWithEsbuild, type Plugin } from 'vite';

const SOURCE = 'src/worker/sw.ts';

export function worker(): Plugin {
    return {
        name: 'burung-worker',
        apply: 'build',
        async writeBundle(options, bundle) {
            const dist = options.dir ?? 'dist';
            const files = [...Object.keys(bundle), ...readdirSync('public')].sort();
            const hash = createHash('sha256');
            for (const file of files)
                hash.update(file).update(readFileSync(join(dist, file)));
            const source = readFileSync(SOURCE, 'utf8');
            const { code } = await transformWithEsbuild(source, SOURCE, {
                minify: true,
                target: 'es2020',
                define: {
                    FILES: JSON.stringify(files.map((file) => `/${file}`)),
                    VERSION: JSON.stringify(hash.digest('hex').slice(0, 16)),
                },
                tsconfigRaw: {},
            });
            writeFileSync(join(dist, 'sw.js'), code);
        },
    };
}
