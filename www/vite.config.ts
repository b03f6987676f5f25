import purgecss from '@fullhuman/postcss-purgecss';
import vue from '@vitejs/plugin-vue';
import type { Plugin } from 'postcss';
import { defineConfig } from 'vite';
import { early } from './build/early';
import { emoji } from './build/emoji';
import { messages } from './build/messages';
import { worker } from './build/worker';

/* `npm run dev` speaks to a server of your own: BURUNG=http://host:port */
const server = process.env['BURUNG'] ?? 'http://127.0.0.1:8080';

/* Only Bootstrap's rules are purged; every rule of our own is there for a reason. */
const purge = purgecss({
    content: ['index.html', 'src/**/*.vue', 'src/**/*.ts'],
    safelist: { standard: ['html', 'body', ':root'], greedy: [/data-bs-theme/] },
    variables: false,
});

export default defineConfig({
    plugins: [messages(), emoji(), vue(), early(), worker()],
    resolve: {
        alias: { 'vue-i18n': 'vue-i18n/dist/vue-i18n.runtime.esm-bundler.js' },
    },
    define: {
        __VUE_OPTIONS_API__: false,
        __VUE_PROD_DEVTOOLS__: false,
        __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: false,
        __VUE_I18N_FULL_INSTALL__: false,
        __VUE_I18N_LEGACY_API__: false,
        __INTLIFY_PROD_DEVTOOLS__: false,
        __INTLIFY_DROP_MESSAGE_COMPILER__: true,
        __INTLIFY_JIT_COMPILATION__: true,
    },
    css: {
        postcss: {
            plugins: [
                {
                    postcssPlugin: 'purge-bootstrap',
                    async OnceExit(root, helpers) {
                        const file = root.source?.input.file ?? '';
                        if (!file.includes('bootstrap')) return;
                        await (purge as Plugin).OnceExit?.(root, helpers);
                    },
                },
            ],
        },
    },
    build: {
        target: 'es2020',
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
    },
    server: {
        proxy: {
            '/api': server,
            '/ws': { target: server.replace(/^http/, 'ws'), ws: true },
        },
    },
    test: {
        include: ['test/**/*.spec.ts'],
        setupFiles: ['test/setup.ts'],
        testTimeout: 30_000 /* a busy machine is no defect */,
    },
} as Parameters<typeof defineConfig>[0]);
