/* Language and colours: chosen here, kept in this browser. */
import { ref, watchEffect } from 'vue';
import { i18n, loadLanguage, type Language } from '../i18n';
import { pickLanguage } from '../i18n/pick';
import { tell } from './notice';
import { loadSetting, saveSetting } from './storage';

export type Theme = 'system' | 'light' | 'dark';
export const THEMES: Theme[] = ['system', 'light', 'dark'];

export const language = ref<Language>(
    pickLanguage([loadSetting('language'), ...navigator.languages]),
);
export const theme = ref<Theme>(
    THEMES.find((t) => t === loadSetting('theme')) ?? 'system',
);

export function applySettings(): void {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const systemDark = ref(dark.matches);
    dark.addEventListener('change', () => (systemDark.value = dark.matches));
    watchEffect(() => {
        const now = theme.value === 'system' && systemDark.value ? 'dark' : theme.value;
        document.documentElement.dataset['bsTheme'] = now === 'dark' ? 'dark' : 'light';
        saveSetting('theme', theme.value);
    });
    watchEffect(() => {
        i18n.global.locale.value = language.value;
        document.documentElement.lang = language.value;
    });
}

/* The last choice counts, also when an earlier one's texts come later. */
let chosenLast: Language | undefined;

export async function chooseLanguage(chosen: Language): Promise<void> {
    chosenLast = chosen;
    try {
        await loadLanguage(chosen);
    } catch {
        tell(i18n.global.t('app.partMissing'));
        return;
    }
    if (chosenLast !== chosen) return;
    language.value = chosen;
    saveSetting('language', chosen);
}
