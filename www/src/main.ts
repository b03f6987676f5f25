import './early';
import 'bootstrap/dist/css/bootstrap.css';
import './style/base.css';
import { createApp } from 'vue';
import App from './App.vue';
import { i18n, loadLanguage } from './i18n';
import { listen, start } from './state/app';
import { stale } from './state/lazy';
import { applySettings, language } from './state/settings';

const AGAIN = 2_000;

/* The texts come while the server is asked who is here. */
async function show(): Promise<void> {
    try {
        await loadLanguage(language.value).catch(stale);
        createApp(App).use(i18n).mount('#app');
    } catch {
        setTimeout(() => void show(), AGAIN);
    }
}

applySettings();
void show();
listen();
void start();
