/* The end-to-end tests in t/web: `npm run e2e`, after `npm run build`. They run
 * BURUNGD (default build/test/burungd) and Chromium (CHROMIUM). */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

function path(relative: string): string {
    return fileURLToPath(new URL(relative, import.meta.url));
}

export default defineConfig({
    server: { fs: { allow: [path('..')] } },
    resolve: {
        alias: { 'playwright-core': path('node_modules/playwright-core/index.mjs') },
    },
    test: {
        dir: path('../t/web'),
        include: ['**/*.spec.ts'],
        testTimeout: 90_000,
        hookTimeout: 90_000,
        maxWorkers: 2,
        minWorkers: 1,
    },
});
