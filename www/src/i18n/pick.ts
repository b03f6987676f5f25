/* Which language is spoken here, and where its texts are: needed before all else. */

export const LANGUAGES = ['en', 'id'] as const;
export type Language = (typeof LANGUAGES)[number];
export type Texts = typeof import('./en.json');

/* The texts of a language are loaded when it is spoken. */
export const LOADERS: Record<Language, () => Promise<{ default: Texts }>> = {
    en: () => import('./en.json'),
    id: () => import('./id.json'),
};

/* The first of these tags (en-GB, in) that is one of ours. */
export function pickLanguage(tags: readonly (string | null)[]): Language {
    for (const tag of tags) {
        const code = tag?.toLowerCase().split('-')[0];
        const found = LANGUAGES.find(
            (l) => l === code || (code === 'in' && l === 'id'),
        );
        if (found) return found;
    }
    return 'en';
}
