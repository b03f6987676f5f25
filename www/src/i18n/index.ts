/* The texts. en.json says which keys there are; every language has them all. */
import { createI18n } from 'vue-i18n';
import en from './en.json';
import id from './id.json';

export const LANGUAGES = ['en', 'id'] as const;
export type Language = (typeof LANGUAGES)[number];

export const i18n = createI18n({
    legacy: false,
    locale: 'en' as Language,
    fallbackLocale: 'en',
    messages: { en, id },
});
