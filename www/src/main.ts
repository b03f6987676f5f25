import 'bootstrap/dist/css/bootstrap.css';
import './style/base.css';
import { createApp } from 'vue';
import App from './App.vue';
import { i18n } from './i18n';
import { listen, start } from './state/app';
import { applySettings } from './state/settings';

applySettings();
createApp(App).use(i18n).mount('#app');
listen();
void start();
