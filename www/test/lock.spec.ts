import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const lock = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');

describe('package-lock.json', () => {
    it('names no host from which packages were loaded', () => {
        expect(lock).not.toMatch(/"resolved"/);
    });
});
