/* The texts, one file a language, loaded when it is spoken. en.json says which keys
 * there are; every language has them all (a test holds it to that). */
import { createI18n } from 'vue-i18n';
import { LANGUAGES, LOADERS, type Language, type Texts } from './pick';

export { LANGUAGES, type Language };

const FORMS: Intl.LDMLPluralRule[] = ['zero', 'one', 'two', 'few', 'many', 'other'];

/* The forms of a text stand in the order of FORMS, those that the language has: English
 * “one | other”, Indonesian just one. */
function formOf(language: Language): (n: number, count: number) => number {
    const rules = new Intl.PluralRules(language);
    const has = rules.resolvedOptions().pluralCategories;
    const forms = FORMS.filter((form) => has.includes(form));
    return (n, count) => Math.min(forms.indexOf(rules.select(n)), count - 1);
}

export const i18n = createI18n({
    legacy: false,
    locale: 'en' as Language,
    fallbackLocale: false,
    messages: {} as Record<Language, Texts>,
    pluralRules: { en: formOf('en'), id: formOf('id') },
});

/* Rejects if the texts cannot be had now. */
export async function loadLanguage(language: Language): Promise<void> {
    const known: readonly string[] = i18n.global.availableLocales;
    if (known.includes(language)) return;
    i18n.global.setLocaleMessage(language, (await LOADERS[language]()).default);
}
