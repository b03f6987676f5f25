/* Node 18 has what browsers call crypto, but not under that name. */
import { webcrypto } from 'node:crypto';
import { LANGUAGES, loadLanguage } from '../src/i18n';

if (!('crypto' in globalThis)) {
    Object.defineProperty(globalThis, 'crypto', { value: webcrypto });
}

await Promise.all(LANGUAGES.map(loadLanguage));
